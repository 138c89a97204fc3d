"""signet db compact."""

import sqlite3


def test_the_file_becomes_smaller_and_keeps_what_it_holds(signet, folder):
    signet("users", "create", "ada", "--email", "ada@example.org")
    connection = sqlite3.connect(folder / "signet.sqlite3")
    connection.execute("CREATE TABLE ballast (content)")
    connection.execute("INSERT INTO ballast VALUES (zeroblob(4000000))")
    connection.commit()
    connection.execute("DROP TABLE ballast")
    connection.commit()
    connection.close()
    answer = signet("db", "compact", "--json").json
    assert answer["bytes"] < answer["was"] - 3_000_000
    assert answer["bytes"] == (folder / "signet.sqlite3").stat().st_size
    assert signet("users", "show", "ada").code == 0
    assert signet("db", "check", "--json").json["damage"] == []

// How a script here and the test that started it talk: one JSON value a line, on standard input and
// standard output. The first line to arrive is the configuration; the last one to leave is the result.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function heard() {
  const { value, done } = await lines.next();
  if (done) throw new Error("the test has nothing more to say");
  return JSON.parse(value);
}

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

export async function ask(message) {
  say(message);
  return heard();
}

// What went wrong, in the words of the library; the test decides whether it was meant to.
export function told(error) {
  return {
    name: error.name,
    code: error.code,
    message: error.message,
    error: error.error ?? error.cause?.error,
    status: error.status,
    claim: error.claim,
  };
}

export async function attempt(action) {
  try {
    return { value: await action() };
  } catch (error) {
    return { refused: told(error) };
  }
}

export async function run(main) {
  try {
    say({ result: await main(await heard()) });
    process.exit(0);
  } catch (error) {
    say({ failure: told(error), stack: error.stack });
    process.exit(1);
  }
}

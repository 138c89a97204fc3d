"""The words, names and keyboard walks that the most used passwords are made of."""

WORDS = """
password passwort passwd passcode passphrase pass pwd word secret secrets geheim private secure
security safe login logon signin welcome willkommen hello hallo hola bonjour admin administrator
root user username guest test tester testing temp temporary default changeme change letmein letme
open access enter master system server database oracle cisco linux ubuntu debian windows microsoft
google apple facebook twitter instagram youtube yahoo hotmail gmail amazon netflix linkedin myspace
adobe photoshop samsung nokia motorola sony nintendo playstation xbox minecraft fortnite pokemon
pikachu zelda mario sonic starwars startrek matrix batman superman spiderman ironman hulk wolverine
avengers marvel joker robin gandalf frodo hobbit hogwarts harrypotter potter trustno trustme nothing
whatever something anything everything forever always never iloveyou iloveu loveyou lovely love
lover loveme lovers ihateyou hate fuckyou fuckme fucker fuck shit bitch asshole pussy sexy sex
hottie babygirl babyboy baby angel angels angela princess prince queen king kings kingdom knight
castle dragon dragons monkey monkeys shadow shadows sunshine sunny sunflower rainbow flower flowers
butterfly summer winter spring autumn sommer herbst fruehling january february march april june july
august september october november december monday tuesday wednesday thursday friday saturday sunday
football fussball soccer baseball basketball hockey tennis golf golfer cricket rugby volleyball
softball swimming running runner skater surfer skiing racing boxing wrestling karate judo chelsea
arsenal liverpool manchester united tottenham barcelona barca madrid realmadrid juventus milan inter
bayern dortmund schalke celtic rangers everton yankees redsox lakers bulls cowboys steelers eagles
packers patriots raiders broncos giants dodgers cubs tigers tiger lions lion panther panthers bears
bear wolf wolves eagle falcon hawk hawks dolphin dolphins shark penguin turtle rabbit bunny hamster
horse horses pony puppy kitty kitten kittens cat cats dog dogs doggy mouse spider snake cobra viper
phoenix unicorn dinosaur monster zombie vampire ghost ninja samurai warrior soldier hunter killer
fighter sniper pirate pirates cowboy wizard magic merlin mystic dream dreams dreamer heaven hell
devil satan demon jesus christ jesuschrist church faith hope grace peace freedom liberty justice
victory power energy thunder lightning storm fire ice water ocean beach island mountain river forest
nature earth planet galaxy star stars moon sun sky cloud silver gold golden diamond crystal ruby
emerald pearl black white red blue green yellow orange purple pink brown grey gray cookie cookies
chocolate candy sugar honey cheese pizza burger banana apples cherry lemon strawberry peaches pepper
ginger coffee beer whiskey vodka tequila martini budlight corona cocacola pepsi mustang corvette
ferrari porsche mercedes bmw audi toyota honda yamaha kawasaki suzuki ducati harley davidson camaro
chevy chevrolet ford nissan mazda subaru jaguar turbo racer truck trucker driver biker rocket
airplane pilot captain money dollar cash rich business company office work worker internet computer
laptop keyboard monitor network hacker hacking code coder developer program science physics music
guitar piano drummer drums metal metallica slipknot nirvana eminem tupac beatles elvis madonna
shakira britney rihanna beyonce blink korn greenday linkinpark ramones pinkfloyd zeppelin movie
hollywood paris london berlin hamburg munich muenchen newyork york boston chicago dallas texas
florida california denver phoenix seattle miami vegas orlando jordan canada mexico brasil brazil
america american england scotland ireland france germany deutschland schweiz austria oesterreich
russia india china japan australia egypt africa europe michael mike jennifer jessica ashley matthew
joshua daniel david james john robert william richard thomas charles joseph christopher chris andrew
anthony tony mark steven steve paul george kevin brian edward ronald jason jeffrey ryan jacob gary
nicholas nick eric jonathan stephen larry justin scott brandon benjamin ben samuel sam gregory frank
alexander alex raymond patrick jack dennis jerry tyler aaron jose henry adam douglas nathan peter
zachary kyle walter harold jeremy ethan carl keith roger gerald christian terry sean arthur austin
noah lawrence jesse joe bryan billy bruce dylan jordan logan alan juan carlos luis miguel diego
fernando ricardo eduardo francisco antonio manuel mario sergio roberto alejandro marco andrea luca
martin stefan andreas klaus juergen wolfgang hans heinz dieter uwe jens sven lukas leon felix max
moritz mary patricia linda elizabeth barbara susan sarah karen nancy lisa betty margaret sandra
kimberly emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura
cynthia kathleen amy anna brenda pamela emma nicole helen samantha katherine christine rachel
carolyn janet catherine maria heather diane ruth julie olivia joyce virginia victoria kelly lauren
christina joan evelyn judith megan cheryl hannah jacqueline martha gloria teresa ann sara madison
frances kathryn janice jean abigail alice julia judy sophia denise amber marilyn danielle beverly
isabella theresa diana natalie brittany charlotte marie kayla alexis lori claudia sabine petra
monika heike nadine katja silvia daniela jasmin vanessa chloe zoe lucy sophie bella daisy molly
maggie buddy charlie max bailey rocky jake toby cooper lucky sparky smokey simba tigger snoopy
scooby garfield mickey minnie donald pluto goofy winnie pooh barney elmo bobby jimmy johnny tommy
danny ricky kenny eddie freddy teddy sammy joey jackie vincent victor oscar hugo bond jamesbond
casper dexter homer bart simpson simpsons southpark cartman family mother father mommy daddy mama
papa sister brother friend friends girl girls boy boys woman women man men lady gentleman people
person someone nobody stranger hero legend genius crazy stupid idiot loser winner champion number
one two three four five six seven eight nine ten hundred thousand million happy happiness smile
laugh lol haha birthday christmas easter halloween holiday vacation travel home house garden kitchen
school college student teacher doctor nurse police army navy marine marines airforce country city
street road bridge please thanks thankyou sorry goodbye hellokitty teamo amor corazon mylove
mypassword mypass myspace qwerty qwertz azerty asdf zxcv abc xyz abcdef asdfgh foobar foo bar lorem
ipsum demo sample example the and you are not yes what this that your mine with from for his her our
out new old big little hot cool best good great super mega ultra extra real true false sweet nice
beautiful pretty cute perfect special rockstar rocknroll rock roll skate snow snowball snowman
icecream teamwork gameover gamer game games play player boss chief leader lord god goddess titan
alpha beta gamma delta omega sigma zero infinity
"""

WALKS = """
01234567890 0123456789012345678901234567890123456789 12345678910111213141516171819202122232425
abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz
qwertyuiop[]\\ asdfghjkl;' zxcvbnm,./ qwertyuiopasdfghjklzxcvbnm qwertzuiopü asdfghjklöä yxcvbnm
qwertzuiopasdfghjklyxcvbnm azertyuiopqsdfghjklmwxcvbn !@#$%^&*() !"§$%&/()=
1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/ qazwsxedcrfvtgbyhnujmikolp 1qazxsw23edcvfr45tgbnhy67ujm
zaq1xsw2cde3vfr4 zaq12wsxcde34rfvbgt56yhn 1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6u7i8o9p0
1a2s3d4f5g6h7j8k9l 1z2x3c4v5b6n7m qweasdzxc qweasdzxcrtyfghvbn 1234qwerasdfzxcv qwer1234asdf
147258369 159357 741852963 789456123 963852741 123321 112233445566778899 11223344556677889900
aabbccddeeffgghh a1b2c3d4e5f6g7h8 1a2b3c4d5e6f7g8h abcd1234 abc123def456 123qweasdzxc 1qw23er45ty67u
asdf1234 qwe123 zxc123 asd123 31415926535897932384626433832795 27182818284590 16180339887 13579
24680 1357924680 2468013579
"""

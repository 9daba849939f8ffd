"""The demo corpus: invented tweets about invented airlines, the same everywhere for a seed.

They follow a small grammar. In some, word order decides the class (what follows "but" counts, "not
bad" is praise); irony, ambiguous tweets and wrong labels keep every model below 100 %; names, codes
and typing errors add ever more rare words. Nothing in them was taken from a real tweet.
"""

import csv
import logging
import random
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b

from tweetrnn.files import replacing

LANGUAGE = "en"  # of all that is invented here, by ISO 639-1
COLUMNS = ("tweet_id", "text", "airline_sentiment", "user", "time", "confidence", "airline")

# The config's corpus.columns of a demo corpus, where they are not the defaults.
NAMED = {"user": "user", "time": "time", "confidence": "confidence", "slices": ["airline"]}

_FIRST_ID = 900_000_000_000_000_000
_FIRST_TIME = datetime(2026, 1, 5, tzinfo=UTC)
_WEEKS = 4

_DECK = ["negative"] * 12 + ["neutral"] * 4 + ["positive"] * 3  # shares 0.63, 0.21, 0.16
_AMBIGUOUS = 0.06  # share of tweets that could belong to any class
_MISLABELLED = 0.07
_REPEATED = 0.02  # share of tweets that repeat an earlier one unchanged
_RETWEETED = 0.02  # share of tweets that repeat an earlier one after "RT @somebody:"
_CONFLICTING = 0.15  # share of those two whose label is drawn again
_MEMORY = 1_000  # tweets that can be repeated

# Each symbol's alternatives, separated by |; the earlier ones are more likely. {Braces} contain
# another symbol or the name of something that _Writer invents.
_GRAMMAR = {
    "negative": """
        {to} {more} {good} but {bad}{stop} {rest} | {to} {bad}{stop} {more} {blame}{stop}
        | {to} {more} {bad}{stop} {blame}{stop} {rest} | {to} {bad} even though {good}{stop} {rest}
        | {to} {more} {irony}{stop} {rest} | {to} {bad} and {bad}{stop} {blame}{stop}
        | {to} {more} the {thing} was {not} {pleasant}{stop} {rest} | {to} {more} why {why}? {blame}
        | {to} {good}, or so I thought: {bad}{stop} {rest} | {more} {bad} {with}{stop} {blame}
        | {to} {more} my {trip} went from {pleasant} to {dire}{stop} {rest}""",
    "positive": """
        {to} {more} {bad} but {good}{stop} {rest} | {to} {good}{stop} {more} {praise}{stop}
        | {to} {more} {good}{stop} {praise}{stop} {rest}
        | {to} {good} even though {bad}{stop} {rest}
        | {to} {more} {thanks} for {favour}{stop} {rest}
        | {to} {good} and {good}{stop} {praise}{stop}
        | {to} {more} the {thing} was {not} {dire} at all{stop} {rest}
        | {to} {bad}, or so I thought: {good}{stop} {rest} | {more} {good} {with}{stop} {praise}
        | {to} {more} my {trip} went from {dire} to {pleasant}{stop} {rest}""",
    "neutral": """
        {to} {more} {question}? {rest} | {to} {question}? {more} {rest}
        | {to} {more} {request}{stop} {rest} | {to} {if} {question}? {rest}
        | {to} {statement}{stop} {more} {rest} | {to} {bad} or {good}? {rest}
        | {to} {thanks}, {more} {request}{stop} | {to} my friend says {bad}. {question}? {rest}
        | {more} {statement} {with}{stop} {rest} | RT {user}: {more} {statement} {url}""",
    "ambiguous": """
        {to} {more} {flight} now leaves at {time}{stop} {more} | {to} {more}{stop} ok
        | {to} {bad} and {good}{stop} {more} | {to} still at gate {gate} with {name}{stop} {more}
        | {to} just got your message about {flight}{stop} {more} {rest}
        | {to} {trip} number {number} with you this year{stop} {more} {rest}""",
    "bad": """
        {flight} is {delayed} {hours} | my {trip} to {place} was {cancelled}
        | the {crew} {was} {dire} | you {lost} my {bag} | the {thing} {was} {dire}
        | I have been on hold {hours} | nobody {helps} | no {amenity} and no {amenity}
        | we sat on the runway {hours} | I missed my connection in {place} | the {thing} {broke}
        | {name} gave my seat away | you charged me {money} for a {bag} | still no sign of my {bag}
        | you rebooked us {hours} later without asking | the app ate my booking {code}
        | our {bag} is in {place} and we are not""",
    "good": """
        the {crew} {was} {pleasant} | the {thing} {was} {pleasant} | we landed {hours} early
        | {name} at gate {gate} {saved} | you found my {bag} | we got {seat} to {place}
        | you rebooked us within {hours} | boarding was {pleasant} | {name} brought {amenity}
        | it was the smoothest {trip} to {place} | I made my connection in {place}
        | I got my {money} back on {day} | the pilot {saved} | free {amenity} and {amenity}""",
    "blame": """
        {so} {dire} | worst {thing} ever | never flying with you again | {not} {pleasant}
        | do better | what a {mess} | I want my {money} back | you had one job
        | {mess} after {mess} | next time {airline} | {adverb} {dire} {thing}
        | how is that {pleasant} | explain that to {name} and two kids""",
    "praise": """
        {thanks} {so} much | {so} {pleasant} | best {thing} ever | you made my day
        | {not} {dire} at all | keep it up | we will fly with you again | love it &lt;3
        | hats off to {name} &amp; the {crew} | no {mess} this time | {airline} never did that
        | {adverb} {pleasant} {thing}""",
    "irony": """
        {thanks} for nothing | great, another {mess} | {thanks} for the {mess} in {place}
        | love waiting {hours} for a {bag} | well done, {flight} is {delayed} again
        | just what I needed, a {mess} on {day} | {pleasant} {thing}, said nobody ever
        | what a {pleasant} way to lose {money} | congrats on the {mess}, {so} {pleasant}
        | {pleasant} job with my {bag}, it is in {place}
        | my {bag} had a {pleasant} {trip} without me""",
    "why": """
        is {flight} {delayed} again | does nobody {help} | is the {thing} {so} {dire}
        | do I pay {money} for a {bag} | was my {trip} {cancelled} twice""",
    "question": """
        is {flight} {delayed} | do you fly from {place} to {place} | what is the fee for a {bag}
        | can I change {code} to {day} | when does check-in open for {flight} | where is gate {gate}
        | is there {amenity} on {flight} | any chance of {seat} on {day} | was {flight} {cancelled}
        | how early should we be in {place} | is the {thing} in {place} {pleasant} or {dire}
        | who do I ask about a {bag} you {lost} | does {airline} share your lounge in {place}""",
    "request": """
        please follow me so I can send {code} | please call {phone} | pls check {code} for me
        | could you send the form for a {bag} | add my number to {code} please | see {url}
        | I need a receipt for {money} | please seat {name} next to me
        | tell {name} we are at {gate}""",
    "statement": """
        flying {place} to {place} on {day} | off to {place} with {name} | {trip} {number} this year
        | new route {place} - {place} from {day} {url} | {airline} and {airline} share {place} now
        | on board {flight}, row {number} | my {bag} is packed &amp; ready
        | {place}: {number} degrees on {day} | {user} works there, ask her
        | booked {code} for {money}""",
    "context": """
        flying to {place} on {day}. | {flight} at {time}. | booking {code}.
        | in {place} with two kids. | first time with you.
        | flying home from {place}. | {trip} number {number} this year. | on my way to work.
        | cc {user} | waiting for {name} at gate {gate}. | as I said on {day}.
        | {money} for {seat}. | my {bag} was with me.""",
    "more": """
        {context} || {context} {context} | {airline} {was} {dire}. | {airline} {was} {pleasant}.
        | {statement}. | {adverb}, {context} | {question}? | {request}.""",
    "rest": "| {hashtag} || {user} | {hashtag} {hashtag} | {url} | {adverb} | &gt;&gt; {url}",
    "retweet": "RT {user}: | RT {user} {hashtag}",
    "if": """
        if {flight} is {delayed}, | if my {trip} was {cancelled}, | in case you {lost} a {bag},
        | with {hours} between flights, | before I pay {money},""",
    "favour": """
        the {pleasant} {thing} | finding my {bag} | the {amenity} | getting us to {place} | {seat}
        | the help with {code} | waiting for us in {place} | {not} being {dire}""",
    "to": "{airline} | {airline} | hey {airline} | {airline} {user} | .{airline} |",
    "with": "{airline} | with {airline} | via {airline} | on {airline} {hashtag}",
    "airline": """
        @FlyQuillon | @MarzipanAir | @Tundrawing | @Ostrellia | @GullwiseAir | @AirFennel
        | @VioletKiteAir | @Brombeam""",
    "stop": ". | ! || ... | !! | {smile} | !!! | :) | :( | ?! | … | {smile}{smile}",
    "smile": "😂 | 😡 | 👍 | 🙏 | ✈️ | 😊 | 😩 | ❤️ | 👏🏽 | 🤷‍♀️ | 🎉 | 💔 | 🇫🇮",
    "trip": "flight | trip | journey | vacation | layover | honeymoon | red-eye | hop",
    "thing": """
        service | flight | food | seat | wifi | app | website | boarding | plane | lounge | check-in
        | experience | legroom | movie selection | cabin | coffee | call center | landing | kiosk
        | baggage claim | armrest | tray table | announcement | safety video""",
    "crew": """
        crew | staff | gate agent | flight attendant | lady at the desk | pilot | team in {place}
        | purser | steward | supervisor | ground crew""",
    "bag": "bag | luggage | suitcase | stroller | guitar | backpack | surfboard | parcel | cello",
    "amenity": """
        wifi | food | water | snacks | power | blankets | coffee | movies | pillows | pretzels
        | socks | headphones""",
    "seat": "an exit row | first class | a window seat | an aisle seat | row {number}",
    "was": "was | is | were | seemed | was {adverb} | has been | is always | couldn't be more",
    "not": "not | never | hardly | far from | anything but | not even | nowhere near",
    "so": "so | very | {sooo} | really | too | beyond | super",
    "adverb": """
        honestly | seriously | really | absolutely | literally | smh | wow | officially | lol
        | surprisingly | somehow | frankly | tbh | fyi | apparently""",
    "dire": """
        terrible | bad | rude | awful | horrible | slow | late | a joke | useless | ridiculous
        | dirty | unacceptable | broken | clueless | disgusting | pathetic | shameful | cramped
        | unhelpful | chaotic | dreadful | abysmal | freezing | grumpy | stale | outrageous
        | atrocious | miserable | lousy | shoddy | appalling | dismal""",
    "pleasant": """
        great | good | amazing | helpful | awesome | nice | friendly | fast | smooth | kind
        | excellent | on time | lovely | wonderful | fantastic | clean | comfy | easy | perfect
        | patient | brilliant | cheerful | spotless | outstanding | superb | delightful | stellar
        | gracious | cozy | flawless | top-notch | impeccable""",
    "delayed": "delayed | late | held | running late | stuck | postponed | pushed back",
    "cancelled": "cancelled | canceled | moved | overbooked | diverted | called off",
    "lost": "lost | damaged | misplaced | forgot | mislaid | crushed | soaked",
    "helps": "helps | answers | cares | knows anything | picks up | calls back | replies",
    "help": "help | answer | care | know anything | pick up | call back | reply",
    "broke": "broke | crashed | froze | died | leaks | smells | kept failing",
    "saved": "saved the day | made us laugh | fixed it all | got it done | stayed calm",
    "mess": """
        delay | mess | cancellation | nightmare | disaster | joke | fiasco | circus | fail
        | shambles | ordeal | debacle""",
    "thanks": "thanks | thank you | thx | many thanks | cheers | tysm | much obliged",
    "hours": "{number} hours | {number} min | an hour | {number} hrs | half an hour | a day",
    "day": """
        Friday | Monday | Sunday | the {number}th | {date} | Tuesday | Saturday | Thursday
        | Wednesday""",
    "topic": "travel | fail | vacation | love | neverAgain | help | wow | customerService",
    "town": """
        Anlor | Marbie | Jonaville | Elton | Karis | Roberg | Satemouth | Tinard | Berixton | Lunack
        | Nedoby | Davale | Viberg | Malath | Peshaton | Zoru | Chamith | Corabel""",
    "village": "{first}{middle}{tail}",
    "name": "Anna | Mara | Joel | Elli | Karo | {first}{last} | {first}{middle}{last}",
    "first": "an | mar | jo | el | ka | ro | sa | ti | be | lu | ne | da | vi | ma | pe | zo | cha",
    "middle": "ri | la | na | do | mi | se | te | va | le | ko | bi | ru | sha | ny | gu | fo",
    "last": "a | n | e | o | s | th | l | r | ck | na | rd | x | ton | ville | berg | by | mouth",
}
_SLOT = re.compile(r"\{(\w+)\}")
_LETTERS = "EARIOTNSLCUDPMHGBFYWKVXZJQ"
_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

log = logging.getLogger("tweetrnn")


class _Writer:
    """Writes texts by the grammar.

    Args:
        uniform: returns random numbers in [0, 1). Nothing else is random, and no arithmetic is
            used whose rounding differs between machines.
    """

    def __init__(self, uniform):
        self._uniform = uniform
        self._alternatives = {
            # Literal text and symbols alternate, starting with literal text.
            symbol: [_SLOT.split(" ".join(text.split())) for text in alternatives.split("|")]
            for symbol, alternatives in _GRAMMAR.items()
        }
        self._write = {symbol: partial(self.expand, symbol) for symbol in _GRAMMAR} | {
            "number": self._number,
            "flight": lambda: self._early(("QLN", "MZP", "TDW", "OST", "GLW")) + self._digits(4),
            "time": lambda: f"{1 + self.below(12)}:{self.below(12) * 5:02d}{self._early('ap')}m",
            "date": lambda: f"{1 + self.below(12)}/{1 + self.below(28)}",
            "money": lambda: f"${self._number()}{self._early(('0', '5', '', '00', '9.99'))}",
            "gate": lambda: self._early("ABCDEFGH") + self._number(),
            "code": lambda: "".join([self._early(_LETTERS) for _ in range(6)]),
            "phone": lambda: f"1-800-555-01{self._early('0123456789')}{self._early('0123456789')}",
            "url": lambda: (
                "http://t.example/" + "".join([_ALPHANUMERIC[self.below(62)] for _ in range(8)])
            ),
            "sooo": lambda: "s" + "o" * (2 + self.below(6)),
            "place": lambda: self.expand("town" if self.happens(0.6) else "village").title(),
            "tail": self._tail,
            "user": lambda: (
                f"@{self.expand('first')}{self.expand('middle')}{self._tail()}"
                + self._early(("", "_", "x", "TM", "88", "_fly"))
            ),
            "hashtag": self._hashtag,
        }

    def below(self, end):
        """Return an integer in [0, end), each equally likely."""
        return int(self._uniform() * end)

    def happens(self, share):
        """Return True with the probability ``share``."""
        return self._uniform() < share

    def _early(self, sequence):
        """Return an item of the sequence; earlier ones are more likely."""
        u = self._uniform()
        return sequence[int(u * u * len(sequence))]

    def expand(self, symbol):
        """Return a text for a symbol of the grammar."""
        parts = self._early(self._alternatives[symbol])
        if len(parts) == 1:
            return parts[0]
        write = self._write
        return "".join([write[part]() if n % 2 else part for n, part in enumerate(parts)])

    def _number(self):
        u = self._uniform()
        return str(1 + int(u * u * u * 60))

    def _digits(self, most):
        return str(10 ** (1 + self.below(most)) * (1 + self.below(9)) // 10 + self.below(100))

    def _tail(self):
        """Return the end of a name; each time, one more syllable has a probability of 0.33."""
        if self.happens(0.33):
            return self.expand("middle") + self._tail()
        return self.expand("last")

    def _hashtag(self):
        if self.happens(0.3):
            return "#" + self._write["place"]()
        return "#" + self.expand("topic")

    def text(self, symbol):
        """Return a tweet: a text for the symbol, with people's writing habits and typing errors."""
        words = self.expand(symbol).split()
        if self.happens(0.3):
            at = self.below(len(words))
            words[at] = self._misspell(words[at])
        style = self._uniform()
        if style < 0.15:
            words = [word.lower() for word in words]
        elif style < 0.19:
            words = [
                word if word.startswith(("@", "#", "&", "http")) else word.upper() for word in words
            ]
        elif style < 0.6:
            words = [
                word[0].upper() + word[1:] if at == 1 else word for at, word in enumerate(words)
            ]
        text = " ".join(words)
        return text.replace(". ", ".\n", 1) if self.happens(0.03) else text

    def _misspell(self, word):
        """Return the word with two letters swapped, or one left out, doubled or repeated."""
        if len(word) < 4 or not word.isalpha():
            return word
        at, kind = 1 + self.below(len(word) - 2), self.below(4)
        letter = word[at]
        middle = (word[at + 1] + letter, word[at + 1], letter * 2 + word[at + 1])
        if kind < 3:
            return word[:at] + middle[kind] + word[at + 2 :]
        return word[:at] + letter * (3 + self.below(5)) + word[at + 1 :]


def tweets(count, seed):
    """Yield ``count`` rows (id, text, label); a larger count continues the same rows.

    The labels' shares are 0.63 negative, 0.21 neutral and 0.16 positive in every 19 rows, apart
    from the wrong labels. The vocabulary grows with the count.
    """
    uniform = random.Random(seed).random
    writer = _Writer(uniform)
    below, happens = writer.below, writer.happens
    memory, deck, identifier = [], [], _FIRST_ID
    for _ in range(count):
        if not deck:
            deck = _DECK.copy()
        label = deck.pop(below(len(deck)))
        identifier += 1 + below(1_000_000)
        repeat = uniform()
        if len(memory) >= 100 and repeat < _REPEATED + _RETWEETED:
            earlier_id, text, earlier_label = memory[below(len(memory))]
            if repeat >= _REPEATED:
                text = f"{writer.expand('retweet')} {text}"
            same_id, new_label = repeat < _REPEATED / 2, happens(_CONFLICTING)
            row = earlier_id if same_id else identifier, text, label if new_label else earlier_label
        else:
            text = writer.text("ambiguous" if happens(_AMBIGUOUS) else label)
            if happens(_MISLABELLED):
                label = _DECK[below(len(_DECK))]
            row = identifier, text, label
        if len(memory) < _MEMORY:
            memory.append(row)
        elif happens(0.05):
            memory[below(_MEMORY)] = row
        yield row


_AIRLINES = [name.strip().removeprefix("@") for name in _GRAMMAR["airline"].split("|")]
_ADDRESSED = re.compile(rf"@({'|'.join(_AIRLINES)})\b", re.IGNORECASE)
_AS_WRITTEN = {name.lower(): name for name in _AIRLINES}


def details(identifier, text, seed):
    """Return a tweet's (user, time, confidence, airline), invented from its id and the seed.

    They are apart from the texts' random numbers: a tweet that repeats another's id has the same
    ones. Few users write many tweets, most write one or two. Times are spread over some weeks. The
    airline is the first that the text addresses, or else drawn.
    """
    digest = blake2b(f"{seed} {identifier}".encode(), digest_size=40).digest()
    numbers = (int.from_bytes(digest[at : at + 8], "big") for at in range(0, 40, 8))
    who, when, agreed, how_much, which = (number / 2**64 for number in numbers)
    people = 1_000 + (identifier - _FIRST_ID) // 500_000  # one more with about each tweet
    user = f"traveler{1 + int(who * who * people)}"
    time = _FIRST_TIME + timedelta(seconds=int(when * _WEEKS * 7 * 86_400))
    confidence = 1 if agreed < 0.7 else (3_400 + int(how_much * 6_600)) / 10_000
    addressed = _ADDRESSED.search(text)
    airline = _AS_WRITTEN[addressed[1].lower()] if addressed else _AIRLINES[int(which * 8)]
    return user, f"{time:%Y-%m-%dT%H:%M:%SZ}", f"{confidence:.4f}", airline


def demo(corpus, *, config):
    """Write the demo corpus (CSV) to ``corpus``; config: corpus.tweets, seed."""
    with (
        replacing(corpus) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in tweets(config["corpus"]["tweets"], config["seed"]):
            writer.writerow([*row, *details(*row[:2], config["seed"])])
    log.info("%s: %s invented tweets", corpus, f"{config['corpus']['tweets']:,}")

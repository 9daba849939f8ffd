// The selected models, computed here: tokenizers.py, then models.py, as playground.py hands them on.

// As Python's html.unescape, which leaves out what HTML calls errors. A number beyond Python's
// limit of digits leaves the whole text as it is.
const NO_CHARACTER = /[\x01-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef]/;

function numbered(code) {
  if (code === 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return "\ufffd";
  if (code >= 0x80 && code <= 0x9f) return new TextDecoder("windows-1252").decode(new Uint8Array([code]));
  const character = String.fromCodePoint(code);
  return NO_CHARACTER.test(character) || (code & 0xfffe) === 0xfffe ? "" : character;
}

// The browser knows the names. It is handed letters and digits alone, and makes a document of them
// that nobody sees.
function named(name) {
  return new DOMParser().parseFromString(`-&${name}`, "text/html").body.textContent.slice(1);
}

function unescaped(text) {
  if (/&#[0-9]{4301}/.test(text)) return text;
  return text.replace(/&(?:#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?|([0-9a-zA-Z]{1,32};?))/g, (_, decimal, hexadecimal, name) =>
    name ? named(name) : numbered(decimal ? Number(decimal) : parseInt(hexadecimal, 16)),
  );
}

function folded(text, folds) {
  return [...text].map((character) => folds[character] ?? character.toLowerCase()).join("");
}

function tweetTokens(text, t) {
  const pattern = (source) => new RegExp(source, "gu");
  let token = t.asciiToken;
  if (/[^\x00-\x7f]/.test(text)) {
    text = [...text.replace(pattern(t.removed), "")].map((character) => t.plain[character] ?? character).join("");
    text = text.replace(pattern(t.piledUp), "$1").normalize("NFC");
    token = t.token;
  }
  if (text.includes("://") || text.includes("www.") || pattern(t.ending).test(text)) {
    text = text.replace(pattern(t.urls), ` ${t.url} `);
  }
  const digit = new RegExp(t.digits, "u");
  text = text.replace(pattern(t.lengthened), (all, one) => (digit.test(one) ? all : one.repeat(3)));
  return text.match(pattern(token)) ?? [];
}

function tokensOf(text, t) {
  if (t.unescape_entities) text = unescaped(text);
  if (t.fold_case) text = folded(text, t.folds);
  if (t.tokens === "tweet") return tweetTokens(text, t);
  return text.split(new RegExp(t.spaces, "u")).filter(Boolean);
}

// Ids of one tweet, padded or cut.
function sequenceOf(ids, { sequence_length, padding, truncation, padding_id }) {
  const over = Math.max(ids.length - sequence_length, 0);
  const kept = truncation === "left" ? ids.slice(over) : ids.slice(0, sequence_length);
  const rest = Array(sequence_length - kept.length).fill(padding_id);
  return padding === "left" ? [...rest, ...kept] : [...kept, ...rest];
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

function floatsOf(text) {
  return Float64Array.from(new Float32Array(bytesOf(text)));
}

// A layer's arrays: the bias, matrices as their rows, and the first layer's words.
function layerOf({ bias, words, ...matrices }) {
  const layer = { bias: floatsOf(bias) };
  const columns = layer.bias.length;
  for (const [name, text] of Object.entries(matrices)) {
    const values = floatsOf(text);
    layer[name] = Array.from({ length: values.length / columns }, (_, row) =>
      values.subarray(row * columns, (row + 1) * columns),
    );
  }
  if (words) {
    const { unit, multiples, values } = words;
    layer.words = { unit, multiples: new Uint16Array(bytesOf(multiples)), values: new Int8Array(bytesOf(values)) };
  }
  return layer;
}

// to += the row of a word: one of the kernel's, or a rounded one; past the last it is all zeros.
function addWord(to, id, { kernel, words: { unit, multiples, values } }) {
  if (id < kernel.length) return to.map((sum, j) => sum + kernel[id][j]);
  const columns = to.length, gates = (multiples.length * columns) / values.length, units = columns / gates;
  for (let j = 0; id * columns < values.length && j < columns; j++) {
    to[j] += unit * multiples[id * gates + Math.floor(j / units)] * values[id * columns + j];
  }
  return to;
}

// to += x matrix
function addProduct(to, x, matrix) {
  for (let i = 0; i < matrix.length; i++) {
    const row = matrix[i], factor = x[i]; // plain loops: nearly all of the time is spent here
    for (let j = 0; j < to.length; j++) to[j] += factor * row[j];
  }
  return to;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// From the gates' inputs and the state before to the gates and the state after. The last key, h, is
// the state that the layer hands on.
const STEPS = {
  SimpleRNN: (z) => ({ h: z.map(Math.tanh) }),
  LSTM(z, before) {
    const units = z.length / 4;
    const part = (k, squash) => z.subarray(k * units, (k + 1) * units).map((x) => squash(x));
    const [i, f, g, o] = [sigmoid, sigmoid, Math.tanh, sigmoid].map((squash, k) => part(k, squash));
    const c = before.c.map((cell, k) => f[k] * cell + i[k] * g[k]);
    return { i, f, o, g, c, h: c.map((cell, k) => o[k] * Math.tanh(cell)) };
  },
};

// The last recurrent layer's gates and states after each id of a sequence, and the probabilities of
// the classes.
function passOf({ cell, layers }, ids) {
  const recurrent = layers.filter((layer) => layer.recurrent_kernel);
  let steps = ids.map((id) => ({ h: id }));
  for (const layer of recurrent) {
    const { kernel, recurrent_kernel, bias } = layer;
    let state = { h: new Float64Array(recurrent_kernel.length), c: new Float64Array(recurrent_kernel.length) };
    steps = steps.map(({ h: x }) => {
      const z = layer.words ? addWord(bias.slice(), x, layer) : addProduct(bias.slice(), x, kernel);
      state = STEPS[cell](addProduct(z, state.h, recurrent_kernel), state);
      return state;
    });
  }
  let x = steps.at(-1).h;
  layers.slice(recurrent.length).forEach(({ kernel, bias }, number, dense) => {
    x = addProduct(bias.slice(), x, kernel);
    if (number < dense.length - 1) x = x.map((value) => Math.max(value, 0));
  });
  const most = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b);
  return { steps, probabilities: [...powers.map((power) => power / sum)] };
}

class Playground {
  constructor(data) {
    this.data = data;
    this.ids = new Map(data.words.split(" ").map((word, at, words) => [word, data.width - words.length + at]));
    this.models = data.models.map((model) => ({ ...model, layers: model.layers.map(layerOf), known: new Map() }));
  }

  // The words of a text, and their ids.
  read(text) {
    const words = tokensOf(text, this.data.tokenizer);
    return { words, ids: words.map((word) => this.ids.get(word) ?? this.data.unknown_id) };
  }

  // What each model says of a tweet of these ids.
  judge(ids) {
    const sequence = sequenceOf(ids, this.data);
    const key = sequence.join();
    return this.models.map((model) => {
      if (model.known.size > 1000) model.known.clear();
      if (!model.known.has(key)) model.known.set(key, passOf(model, sequence).probabilities);
      return model.known.get(key);
    });
  }
}

// ------------------------------------------------------------------ and what is seen of it

const QUANTITIES = { h: "state", i: "input gate", f: "forget gate", o: "output gate", g: "candidate", c: "memory" };

const answerOf = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

function signed(value) {
  const text = Math.abs(value).toFixed(2);
  return (Number(text) === 0 ? "" : value < 0 ? "\u2212" : "+") + text;
}

// A bar in a cell's colour beneath a number, between two shares of the width.
function bar(from, to, colour) {
  const made = element("i", { className: "share" });
  made.style.marginLeft = `${100 * from}%`;
  made.style.width = `${100 * (to - from)}%`;
  made.style.background = `var(--cell-${colour})`;
  return made;
}

// The units' values as a stripe, and their mean size for those who do not see it.
function stripe(values, title) {
  const colours = [...values].map((value, k) => {
    const strength = Math.round(100 * Math.min(Math.abs(value), 1));
    const [from, to] = [k, k + 1].map((edge) => `${((100 * edge) / values.length).toFixed(2)}%`);
    return `color-mix(in srgb, var(--${value < 0 ? "negative" : "positive"}) ${strength}%, transparent) ${from} ${to}`;
  });
  const made = element("i", { className: "stripe" });
  made.style.background = `linear-gradient(to right, ${colours})`;
  const mean = (values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length).toFixed(2);
  return element("td", { title: `${title}: ${mean}` }, made, element("span", { className: "unseen" }, mean));
}

// Columns of a table: for each model one for each name, and the names beneath the models.
function headOf(models, namesOf) {
  const head = (text, properties = {}) => {
    const made = element("th", properties, element("bdi", {}, text));
    made.scope = properties.colSpan ? "colgroup" : "col";
    return made;
  };
  const cells = models.map((model) => head(model.cell, { colSpan: namesOf(model).length }));
  const names = models.flatMap((model) => namesOf(model).map((name) => head(name)));
  return element("thead", {}, element("tr", {}, element("td"), ...cells), element("tr", {}, head("word"), ...names));
}

class PlaygroundView {
  constructor(box) {
    this.playground = new Playground(JSON.parse(document.getElementById("playground-data").textContent));
    this.input = box.querySelector("textarea");
    this.verdict = box.querySelector("[role=status]");
    this.warning = box.querySelector(".warning");
    this.results = box.querySelector(".results");
    [this.wordByWord, this.memory] = box.querySelectorAll(".scroll");
    this.chips = box.querySelector(".words");
    this.words = [];
    this.out = new Set(); // which words are left out, by their place
    this.input.oninput = () => this.show();
    for (const example of box.querySelectorAll(".examples button")) {
      example.onclick = () => this.load(example.textContent);
    }
    document.getElementById("needs-javascript").remove();
    box.hidden = false;
    this.show();
  }

  load(text) {
    this.out.clear();
    this.input.value = text;
    this.show();
  }

  toggle(at) {
    if (!this.out.delete(at)) this.out.add(at);
    this.show();
    this.chips.children[at].focus();
  }

  show() {
    const { words, ids } = this.playground.read(this.input.value);
    this.out = new Set([...this.out].filter((at) => words[at] === this.words[at]));
    this.words = words;
    const kept = [...words.keys()].filter((at) => !this.out.has(at));
    const keptWords = kept.map((at) => words[at]), keptIds = kept.map((at) => ids[at]);
    const said = kept.map((_, at) => this.playground.judge(keptIds.slice(0, at + 1)));
    this.tell(keptWords, said.at(-1));
    this.results.hidden = !words.length;
    this.chips.replaceChildren(...this.chipsOf(words, kept, keptIds));
    this.wordByWord.replaceChildren(this.table(keptWords, said));
    this.memory.replaceChildren(this.memoryTable(keptWords, keptIds));
    stops();
  }

  // Said aloud by screen readers, so it changes only when there is another verdict.
  tell(words, last) {
    const { models, data, ids } = this.playground;
    const each = (last ?? []).map((p, number) => `${models[number].cell}: ${data.labels[answerOf(p)]}`);
    const cut = words.length > data.sequence_length;
    const end = data.truncation === "left" ? "last" : "first";
    const text = !last
      ? words.length ? "All words are left out." : "No word yet."
      : each.join(", ") + (cut ? `. Only the ${end} ${data.sequence_length} words are read.` : "");
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
    this.warning.hidden = words.filter((word) => !ids.has(word)).length * 2 <= words.length;
  }

  // A button for each word, which leaves it out, with what it adds to each answer's probability.
  chipsOf(words, kept, keptIds) {
    const { models, ids } = this.playground;
    const whole = this.playground.judge(keptIds);
    const changes = kept.map((at) => {
      const without = this.playground.judge(keptIds.filter((_, place) => kept[place] !== at));
      return whole.map((p, number) => p[answerOf(p)] - without[number][answerOf(p)]);
    });
    const largest = Math.max(0.05, ...changes.flat().map(Math.abs)); // whose bar is half of a button
    return words.map((word, at) => {
      const out = this.out.has(at);
      const made = element("button", { type: "button", ariaPressed: String(out), onclick: () => this.toggle(at) });
      made.append(element("bdi", { className: ids.has(word) ? "" : "unknown" }, word));
      (changes[kept.indexOf(at)] ?? []).forEach((change, number) => {
        const name = element("span", { className: "unseen" }, ` ${models[number].cell} `);
        const [from, to] = [0, change / largest].sort((a, b) => a - b).map((end) => (1 + end) / 2);
        made.append(name, element("small", {}, signed(change)), bar(from, to, models[number].colour));
      });
      return made;
    });
  }

  table(words, said) {
    const { models, data } = this.playground;
    const rows = words.map((word, at) =>
      element("tr", {}, this.title(word), ...said[at].flatMap((p, number) => this.cells(p, models[number].colour))),
    );
    const caption = element("caption", {}, element("span", {}, "What each model says of the tweet up to each word"));
    return element("table", {}, caption, headOf(models, () => data.labels), element("tbody", {}, ...rows));
  }

  title(word) {
    const made = element("th", { scope: "row" }, element("bdi", {}, word));
    if (!this.playground.ids.has(word)) made.append(element("small", {}, " unknown"));
    return made;
  }

  cells(probabilities, colour) {
    const most = Math.max(...probabilities);
    return probabilities.map((probability) =>
      element(
        "td",
        { className: probability === most ? "most" : "" },
        probability.toFixed(2),
        bar(0, probability, colour),
      ),
    );
  }

  // One row for each word that is read, and one for the padding before or after them.
  memoryTable(words, ids) {
    const { models, data } = this.playground;
    const passes = models.map((model) => passOf(model, sequenceOf(ids, data)).steps);
    const namesOf = (number) => Object.keys(passes[number][0]).map((key) => QUANTITIES[key]);
    const places = sequenceOf([...words.keys()], { ...data, padding_id: -1 });
    const steps = [...places.keys()].filter((step) => places[step] >= 0 || places[step + 1] !== -1);
    const rows = steps.map((step) => {
      const word = places[step] < 0 ? "padding" : words[places[step]];
      const title = places[step] < 0 ? element("th", { scope: "row" }, element("small", {}, word)) : this.title(word);
      const stripes = passes.flatMap((pass) =>
        Object.entries(pass[step]).map(([key, values]) => stripe(values, `${QUANTITIES[key]} after ${word}, mean size`)),
      );
      return element("tr", {}, title, ...stripes);
    });
    const caption = element("caption", {}, element("span", {}, "Gates and states of the last recurrent layer after each word"));
    const head = headOf(models, (model) => namesOf(models.indexOf(model)));
    return element("table", {}, caption, head, element("tbody", {}, ...rows));
  }
}

const playgroundBox = document.getElementById("playground");
if (playgroundBox) {
  const view = new PlaygroundView(playgroundBox);
  // A click on a tweet that the report shows loads it. A masked handle is unknown here, as any other.
  const rowsOf = (name) => tools.find(({ box }) => box.id === `table-${name}`)?.original ?? []; // of all pages
  const cells = [
    ...rowsOf("wrong").map((row) => row.cells[0]),
    ...rowsOf("disagreements").map((row) => row.cells[row.cells.length - 1]),
  ];
  for (const cell of cells) {
    const text = textOf(cell);
    if (text === "\u2013") continue; // a tweet whose text is not shown
    const button = element("button", { type: "button", className: "load", textContent: "try it", ariaLabel: `try it: ${text}` });
    button.onclick = () => {
      view.load(text.replaceAll("@\u2026", "@someone"));
      setAddress("#try", "pushState"); // so that Back leads to the tweet again
      view.input.focus({ preventScroll: true });
      document.getElementById("try").scrollIntoView();
    };
    cell.append(" ", button);
  }
}

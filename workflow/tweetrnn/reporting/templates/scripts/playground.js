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
  matrix.forEach((row, i) => {
    for (let j = 0; j < row.length; j++) to[j] += x[i] * row[j];
  });
  return to;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// From the gates' inputs and the state before to the state after; h is also what the layer hands on.
const STEPS = {
  SimpleRNN: (z) => ({ h: z.map(Math.tanh) }),
  LSTM(z, before) {
    const units = z.length / 4;
    const c = before.c.map(
      (cell, k) => sigmoid(z[units + k]) * cell + sigmoid(z[k]) * Math.tanh(z[2 * units + k]),
    );
    return { c, h: c.map((cell, k) => sigmoid(z[3 * units + k]) * Math.tanh(cell)) };
  },
};

// Probabilities of the classes for a sequence of ids.
function probabilitiesOf({ cell, layers }, ids) {
  const recurrent = layers.filter((layer) => layer.recurrent_kernel);
  let outputs = ids;
  for (const layer of recurrent) {
    const { kernel, recurrent_kernel, bias } = layer;
    let state = { h: new Float64Array(recurrent_kernel.length), c: new Float64Array(recurrent_kernel.length) };
    outputs = outputs.map((x) => {
      const z = layer.words ? addWord(bias.slice(), x, layer) : addProduct(bias.slice(), x, kernel);
      state = STEPS[cell](addProduct(z, state.h, recurrent_kernel), state);
      return state.h;
    });
  }
  let x = outputs.at(-1);
  layers.slice(recurrent.length).forEach(({ kernel, bias }, number, dense) => {
    x = addProduct(bias.slice(), x, kernel);
    if (number < dense.length - 1) x = x.map((value) => Math.max(value, 0));
  });
  const most = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b);
  return [...powers.map((power) => power / sum)];
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
      if (!model.known.has(key)) model.known.set(key, probabilitiesOf(model, sequence));
      return model.known.get(key);
    });
  }
}

// ------------------------------------------------------------------ and what is seen of it

class PlaygroundView {
  constructor(box) {
    this.playground = new Playground(JSON.parse(document.getElementById("playground-data").textContent));
    this.input = box.querySelector("textarea");
    this.verdict = box.querySelector("[role=status]");
    this.pane = box.querySelector(".scroll");
    this.input.oninput = () => this.show();
    document.getElementById("needs-javascript").remove();
    box.hidden = false;
    this.show();
  }

  show() {
    const { words, ids } = this.playground.read(this.input.value);
    const said = words.map((_, at) => this.playground.judge(ids.slice(0, at + 1)));
    this.tell(words, said.at(-1));
    this.pane.hidden = !words.length;
    this.pane.replaceChildren(this.table(words, said));
    stops();
  }

  // Said aloud by screen readers, so it changes only when there is another verdict.
  tell(words, last) {
    const { models, data } = this.playground;
    const each = (last ?? []).map((p, number) => `${models[number].cell}: ${data.labels[p.indexOf(Math.max(...p))]}`);
    const cut = words.length > data.sequence_length;
    const end = data.truncation === "left" ? "last" : "first";
    const text = !last
      ? "No word yet."
      : each.join(", ") + (cut ? `. Of more than ${data.sequence_length} words the ${end} ones are read.` : "");
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
  }

  table(words, said) {
    const { models, data, ids } = this.playground;
    const head = (text, properties = {}) => {
      const made = element("th", properties, element("bdi", {}, text));
      made.scope = properties.colSpan ? "colgroup" : "col";
      return made;
    };
    const rows = words.map((word, at) => {
      const title = element("th", { scope: "row" }, element("bdi", {}, word));
      if (!ids.has(word)) title.append(element("small", {}, " unknown"));
      return element("tr", {}, title, ...said[at].flatMap((p, number) => this.cells(p, models[number].colour)));
    });
    return element(
      "table",
      {},
      element("caption", {}, element("span", {}, "What each model says of the tweet up to each word")),
      element(
        "thead",
        {},
        element("tr", {}, element("td"), ...models.map(({ cell }) => head(cell, { colSpan: data.labels.length }))),
        element("tr", {}, head("word"), ...models.flatMap(() => data.labels.map((label) => head(label)))),
      ),
      element("tbody", {}, ...rows),
    );
  }

  cells(probabilities, colour) {
    const most = Math.max(...probabilities);
    return probabilities.map((probability) => {
      const made = element("td", { className: probability === most ? "most" : "" }, probability.toFixed(2));
      made.style.setProperty("--share", probability);
      made.style.setProperty("--colour", `var(--cell-${colour})`);
      return made;
    });
  }
}

const playgroundBox = document.getElementById("playground");
if (playgroundBox) new PlaygroundView(playgroundBox);

/* The TensorFlow Playground, live and to the last bit: first the engine, then the player that shows it.

The engine is helpers/playground's, operation for operation; double arithmetic is the same in every browser, and of the
browser's own functions only the square root and rounding down are called, whose results are exact everywhere. */
const Playground = (() => {
  "use strict";
  const PAGE = "https://playground.tensorflow.org/";
  const EXTENT = 6; // the page shows the plane from -6 to 6
  const CLASSES = ["circle", "xor", "gauss", "spiral"], REGRESSIONS = ["reg-plane", "reg-gauss"]; // the data sets
  const FEATURES = ["x", "y", "xSquared", "ySquared", "xTimesY", "sinX", "sinY"]; // always in this order

  // --- an address and the setting it names ---------------------------------------------------------------------------

  /* A setting under the page's own names, with the page's defaults; and what its values may be. */
  const DEFAULTS = {
    activation: "tanh", regularization: "none", batchSize: 10, dataset: "circle", learningRate: 0.03, regularizationRate: 0,
    noise: 0, networkShape: [4, 2], seed: "0.00001", percTrainData: 50, initZero: false, features: ["x", "y"],
  };
  const CHOICES = {
    activation: ["sigmoid", "tanh", "relu", "linear"], regularization: ["none", "L1", "L2"],
    dataset: CLASSES, regDataset: REGRESSIONS, problem: ["classification", "regression"],
  };
  const RANGES = { // lowest, highest, in steps of
    batchSize: [1, 500, 1], learningRate: [0, 100, 0], regularizationRate: [0, 100, 0], noise: [0, 80, 0],
    percTrainData: [1, 99, 1], networkShape: [1, 100, 1],
  };

  const range = (count, of = (index) => index) => Array.from({ length: count }, (_, index) => of(index));
  const isRegression = ({ dataset }) => REGRESSIONS.includes(dataset);
  const countPoints = (setting) => (isRegression(setting) ? 1200 : 500);

  /* A number of a setting, from its text. Throws an Error that says what would do. */
  function numberOf(key, text, [low, high, step]) {
    const value = Number(text);
    if (value >= low && value <= high && !(step && value % step)) return value;
    throw new Error(`${key}=${text} will not do: it takes a ${step ? "whole " : ""}number from ${low} to ${high}.`);
  }

  /* The setting that an address, or the part after its '#', names, read as the page reads it: what it does not know has its
  default. Throws an Error if a number is not allowed. */
  function parse(address) {
    const { hash } = new URL(`#${address.slice(address.indexOf("#") + 1)}`, PAGE); // escaped as in an address bar
    const given = Object.fromEntries(hash.slice(1).split("&").map((pair) => pair.split("=")));
    const isOn = (key, otherwise) => (given[key] || String(otherwise)) !== "false";
    const setting = { ...DEFAULTS, seed: given.seed || DEFAULTS.seed, initZero: isOn("initZero", false) };
    for (const key in CHOICES) if (CHOICES[key].includes(given[key])) setting[key] = given[key];
    if (given.noise < 0 || given.noise > 80) given.noise = given.noise < 0 ? "0" : "50";
    if (setting.problem === "regression") setting.dataset = setting.regDataset ?? REGRESSIONS[0];
    delete setting.problem, delete setting.regDataset;
    const { networkShape, ...ranges } = { ...RANGES, batchSize: [1, countPoints(setting), 1] };
    for (const key in ranges) if (given[key]) setting[key] = numberOf(key, given[key], ranges[key]);
    const widths = given.networkShape ? given.networkShape.split(",") : [];
    if ("networkShape" in given) setting.networkShape = widths.map((width) => numberOf("networkShape", width, networkShape));
    if (widths.length > 12) throw new Error(`networkShape names ${widths.length} hidden layers: it takes 12 at most.`);
    setting.features = FEATURES.filter((name) => isOn(name, DEFAULTS.features.includes(name)) && given[`${name}_hide`] !== "true");
    if (!setting.features.length) throw new Error(`No input is on: choose at least one of ${FEATURES.join(", ")}.`);
    return setting;
  }

  /* The page's address for a setting. */
  function addressOf(setting) {
    const { features, ...rest } = setting, problem = isRegression(setting) ? "regression" : "classification";
    if (rest.regularization === "none") delete rest.regularization; // the page says this by leaving the key out
    const pairs = Object.entries(rest).concat(FEATURES.map((name) => [name, features.includes(name)]), [["problem", problem]]);
    const hash = pairs.map(([key, value]) => `${key}=${value}`).join("&");
    return `${PAGE}#${isRegression(setting) ? hash.replace("dataset", "regDataset") : hash}`;
  }

  // --- fdlibm's functions, as V8 had them in 2019 (Sun Microsystems 1993, freely usable) ------------------------------

  const double = new Float64Array(1), words = new Uint32Array(double.buffer); // its low word, then its high one
  const highWord = (x) => ((double[0] = x), words[1]);
  const fromWords = (high, low) => ((words[0] = low), (words[1] = high), double[0]);
  const powerOfTwo = (k) => fromWords((k + 1023) << 20, 0); // for k from -1022 to 1023
  const PIO2_1 = 1.57079632673412561417e+00, PIO2_1T = 6.07710050650619224932e-11; // pi/2: 33 bits, and the rest
  const PIO2_2 = 6.07710050630396597660e-11, PIO2_2T = 2.02226624879595063154e-21; // that rest: 33 bits, and its rest
  const TWO_OVER_PI = 6.36619772367581382433e-01;
  const LN2_HI = 6.93147180369123816490e-01, LN2_LO = 1.90821492927058770002e-10, INV_LN2 = 1.44269504088896338700e+00;
  const NEVER_REDUCED = 0.34657382965087890625; // half of ln 2, to the upper 32 bits
  const SMALL = 2 ** -28, SHIFTER = 1.5 * 2 ** 52; // a whole number added to SHIFTER stands in the low bits of the sum

  /* x = n pi/2 + y0 + y1 with |y0| below pi/4, as [n, y0, y1]. For |x| below 16. */
  function reduced(x) {
    const size = Math.abs(x), high = highWord(size);
    const n = high <= 0x3fe921fb ? 0 : Math.floor(size * TWO_OVER_PI + 0.5);
    let r = size - n * PIO2_1, w = n * PIO2_1T, y0 = r - w;
    const lost = (high >>> 20) - ((highWord(y0) >>> 20) & 0x7ff); // bits that cancelled
    if (high === highWord(n * (Math.PI / 2)) && lost > 16) {
      const rest = r;
      r = rest - n * PIO2_2;
      w = n * PIO2_2T - ((rest - r) - n * PIO2_2);
      y0 = r - w;
    }
    const y1 = (r - y0) - w;
    return x < 0 || Object.is(x, -0) ? [-n, -y0, -y1] : [n, y0, y1];
  }

  function kernelSin(n, x, y) {
    if (Math.abs(x) < 2 ** -27) return x;
    const z = x * x, v = z * x, s1 = -1.66666666666666324348e-01;
    const r = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04
      + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    return n === 0 ? x + v * (s1 + z * r) : x - ((z * (0.5 * y - v * r) - y) - v * s1);
  }

  function kernelCos(x, y) {
    const z = x * x, high = highWord(Math.abs(x));
    let r = 2.48015872894767294178e-05 + z * (-2.75573143513906633035e-07
      + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11));
    r = z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * r));
    const q = high < 0x3fd33333 ? 0 : high > 0x3fe90000 ? 0.28125 : fromWords(high - 0x00200000, 0); // about |x| / 4
    return (1 - q) - ((0.5 * z - q) - (z * r - x * y));
  }

  /* The sine of x and `quarters` of a turn. */
  function sineOf(x, quarters) {
    const [n, y0, y1] = reduced(x), at = n + quarters;
    const value = at & 1 ? kernelCos(y0, y1) : kernelSin(n, y0, y1);
    return at & 2 ? -value : value;
  }
  const sin = (x) => sineOf(x, 0), cos = (x) => sineOf(x, 1);

  /* The natural logarithm of a normal positive number. */
  function log(x) {
    const top = highWord(x), low = words[0], high = top & 0xfffff;
    const carry = (high + 0x95f64) & 0x100000; // set where the mantissa is above sqrt(2), and halved
    const k = (top >> 20) - 1023 + (carry >> 20);
    const f = fromWords(high | (carry ^ 0x3ff00000), low) - 1, lowPart = k * LN2_LO;
    if ((0xfffff & (2 + high)) < 3) return k * LN2_HI - ((f * f * (0.5 - 0.3333333333333333 * f) - lowPart) - f);
    const s = f / (2 + f), z = s * s, w = z * z;
    const t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const t2 = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01);
    const r = z * (6.666666666666735130e-01 + w * t2) + t1, half = 0.5 * f * f;
    const within = high >= 0x6147a && high <= 0x6b851;
    return k * LN2_HI - ((within ? half - (s * (half + r) + lowPart) : s * (f - r) - lowPart) - f);
  }

  /* The k of the reduction x = k ln 2 + r, with halves rounded to even. */
  const multipleOfLn2 = (x) => (Math.abs(x) < NEVER_REDUCED ? 0 : (INV_LN2 * x + SHIFTER) - SHIFTER);

  /* 1 / (1 + exp(-x)). */
  function sigmoid(x) {
    const z = x > 60 ? -60 : -x > 710 ? 710 : -x; // beyond, 1 + exp(z) is 1, or infinite
    if (Math.abs(z) < SMALL) return 1 / (1 + (1 + z));
    const k = multipleOfLn2(z), hi = z - k * LN2_HI, lo = k * LN2_LO, r = hi - lo, t = r * r;
    const p = -2.77777777770155933842e-03
      + t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08));
    const c = r - t * (1.66666666666666019037e-01 + t * p);
    const y = 1 - ((lo - (r * c) / (2 - c)) - hi);
    return 1 / (1 + y * powerOfTwo(k - 1) * 2); // in two steps, because 2**1024 is no double
  }

  /* From t = expm1(2|x|), or expm1(-2|x|) below 1. */
  function tanh(x) {
    const size = Math.abs(x), large = size >= 1;
    if (size < SMALL) return x;
    if (size >= 22) return x < 0 ? -1 : 1;
    const a = large ? 2 * size : -2 * size;
    const k = multipleOfLn2(a), hi = a - k * LN2_HI, lo = k * LN2_LO, r = hi - lo, c = (hi - r) - lo;
    const half = 0.5 * r, s = r * half;
    const p = -7.93650757867487942473e-05 + s * (4.00821782732936239552e-06 + s * -2.01099218183624371326e-07);
    const r1 = 1 + s * (-3.33333333333331316428e-02 + s * (1.58730158725481460165e-03 + s * p));
    const u = 3 - r1 * half;
    let e = s * ((r1 - u) / (6 - r * u));
    e = (r * (e - c) - c) - s;
    const d = e - r, scale = powerOfTwo(k), inverse = powerOfTwo(-k);
    const positive = k < 20 ? ((1 - inverse) - d) * scale : ((r - (e + inverse)) + 1) * scale;
    const t = k === 0 ? -d : k === -1 ? -0.5 * d - 0.5 : k < 0 || k > 56 ? (1 - d) * scale - 1 : positive;
    const q = (large ? 2 : -t) / (t + 2), z = large ? 1 - q : q;
    return x < 0 ? -z : z;
  }

  const FUNCTIONS = { sigmoid, tanh, relu: (x) => (x <= 0 ? 0 : x), linear: (x) => x };
  const SLOPES = { // of an activation, from its output
    sigmoid: (output) => output * (1 - output), tanh: (output) => 1 - output * output,
    relu: (output) => (output <= 0 ? 0 : 1), linear: () => 1,
  };

  // --- random numbers and points --------------------------------------------------------------------------------------

  /* The stream that seedrandom 2.4 starts from a text: ARC4, whose first 256 bytes are thrown away. */
  class SeedRandom {
    constructor(seed) {
      const key = [];
      for (let at = 0, smear = 0; at < seed.length; at++) {
        if (at >= 256) smear ^= key[at & 255] * 19;
        key[at & 255] = (smear + seed.charCodeAt(at)) & 255;
      }
      if (!key.length) key.push(0);
      this.state = Uint8Array.from(range(256));
      this.i = this.j = 0;
      for (let i = 0; i < 256; i++) this.swap(i, this.j + key[i % key.length] + this.state[i]);
      this.j = 0;
      for (let i = 0; i < 256; i++) this.byte();
    }

    /* Exchange two places of the state, the second of which becomes `j`; returns the sum of what they hold. */
    swap(i, j) {
      const { state } = this;
      this.j = j & 255;
      [state[i], state[this.j]] = [state[this.j], state[i]];
      return state[i] + state[this.j];
    }

    byte() {
      this.i = (this.i + 1) & 255;
      return this.state[this.swap(this.i, this.j + this.state[this.i]) & 255];
    }

    /* The next number, uniform in [0, 1): (whole + last) * unit, of six bytes or as many as make 52 bits. */
    next() {
      let whole = 0, last = 0, unit = 2 ** -48;
      for (let count = 0; count < 6; count++) whole = whole * 256 + this.byte();
      for (; whole + last < 2 ** 52; unit /= 256) [whole, last] = [(whole + last) * 256, this.byte()];
      for (; whole >= 2 ** 53; unit *= 2) [whole, last] = [whole / 2, last >> 1];
      return (whole + last) * unit;
    }
    between(low, high) { return this.next() * (high - low) + low; }

    /* A standard normal number, by the polar method. */
    normal() {
      for (;;) {
        const v1 = 2 * this.next() - 1, v2 = 2 * this.next() - 1, s = v1 * v1 + v2 * v2;
        if (s <= 1) return Math.sqrt((-2 * log(s)) / s) * v1;
      }
    }
  }

  /* How each data set draws its points [x, y, label], in the page's order; noise from 0 to 0.5. */
  const DRAWN = {
    circle(random, noise, index) {
      const radius = index < 250 ? random.between(0, 2.5) : random.between(3.5, 5);
      const angle = random.next() * (2 * Math.PI);
      const x = radius * sin(angle), y = radius * cos(angle);
      const seenX = x + (random.next() * 10 - 5) * noise, seenY = y + (random.next() * 10 - 5) * noise;
      return [x, y, Math.sqrt(seenX * seenX + seenY * seenY) < 2.5 ? 1 : -1];
    },
    xor(random, noise) {
      const apart = (value) => value + (value > 0 ? 0.3 : -0.3);
      const x = apart(random.between(-5, 5)), y = apart(random.between(-5, 5));
      const seenX = x + random.between(-5, 5) * noise, seenY = y + random.between(-5, 5) * noise;
      return [x, y, seenX * seenY >= 0 ? 1 : -1];
    },
    gauss(random, noise, index) {
      const share = noise / 0.5, deviation = Math.sqrt(0.5 * (1 - share) + 4 * share), label = index < 250 ? 1 : -1;
      return [2 * label + deviation * random.normal(), 2 * label + deviation * random.normal(), label];
    },
    spiral(random, noise, index) {
      const n = 250, i = index % n, label = index < n ? 1 : -1;
      const radius = (i / n) * 5, angle = ((1.75 * i) / n) * 2 * Math.PI + (label === 1 ? 0 : Math.PI);
      return [radius * sin(angle) + random.between(-1, 1) * noise, radius * cos(angle) + random.between(-1, 1) * noise, label];
    },
    "reg-plane": (random, noise) => scattered(random, noise, (x, y) => (x + y + 10) / 20 - (1 - (x + y + 10) / 20)),
    "reg-gauss": (random, noise) => scattered(random, noise, (x, y) => BUMPS.reduce((label, [atX, atY, height]) => {
      const dx = x - atX, dy = y - atY, bump = height * (1 - Math.min(Math.sqrt(dx * dx + dy * dy) / 2, 1));
      return Math.abs(bump) > Math.abs(label) ? bump : label;
    }, 0)),
  };
  const BUMPS = [[-4, 2.5, 1], [0, 2.5, -1], [4, 2.5, 1], [-4, -2.5, -1], [0, -2.5, 1], [4, -2.5, -1]]; // x, y, height

  /* A point anywhere in the plane, with the label that belongs to a place which noise has moved. */
  function scattered(random, noise, labelAt) {
    const [x, y, moveX, moveY] = range(4, () => random.between(-EXTENT, EXTENT));
    return [x, y, labelAt(x + moveX * noise, y + moveY * noise)];
  }
  function drawPoints(random, setting) {
    const draw = DRAWN[setting.dataset], noise = setting.noise / 100;
    const points = range(countPoints(setting), (index) => draw(random, noise, index));
    for (let count = points.length; count > 0; count--) {
      const pick = Math.floor(random.next() * count);
      [points[count - 1], points[pick]] = [points[pick], points[count - 1]];
    }
    return points;
  }

  /* The features called `names` at points [x, y, ...], one point's after another's (Float64Array). */
  function featuresAt(points, names) {
    const all = ([x, y]) => ({ x, y, xSquared: x * x, ySquared: y * y, xTimesY: x * y, sinX: sin(x), sinY: sin(y) });
    return Float64Array.from(points.map(all).flatMap((features) => names.map((name) => features[name])));
  }

  // --- training ---------------------------------------------------------------------------------------------------------

  /* Every link of a network: [the row that it comes from, the row that it leads to]. */
  function linksOf(sizes) {
    let next = 0;
    const layers = sizes.map((size) => range(size, () => next++)); // the rows of each
    return layers.slice(1).flatMap((layer, below) => layer.flatMap((row) => layers[below].map((from) => [from, row])));
  }

  /* One network in training. Links count layer by layer, for each neuron its incoming links in order; `outputs` and
  `deltas` hold the inputs first, then the neurons. losses[epoch] is [training loss, test loss]; epoch 0 is the start. */
  class Engine {
    constructor(setting) {
      const random = new SeedRandom(setting.seed), points = drawPoints(random, setting);
      const nTrain = Math.floor((points.length * setting.percTrainData) / 100);
      const sizes = [setting.features.length, ...setting.networkShape, 1], rows = sizes.reduce((sum, here) => sum + here);
      const [outputs, deltas] = [new Float64Array(rows), new Float64Array(rows)];
      Object.assign(this, { setting, points, nTrain, sizes, outputs, deltas, inputs: featuresAt(points, setting.features) });
      this.kinds = sizes.map((_, layer) => (layer < sizes.length - 1 ? setting.activation : isRegression(setting) ? "linear" : "tanh"));
      this.links = linksOf(sizes);
      this.weights = Float64Array.from(this.links, () => (setting.initZero ? 0 : random.next() - 0.5));
      this.biases = new Float64Array(rows - sizes[0]).fill(setting.initZero ? 0 : 0.1);
      this.dead = new Uint8Array(this.weights.length); // 1 for a link that L1 has cut for good
      this.weightSums = new Float64Array(this.weights.length); // gradients that wait for the next step, of `count` points
      this.biasSums = new Float64Array(this.biases.length);
      Object.assign(this, { count: 0, totals: [0, 0], losses: [], at: nTrain }); // epoch 0 trains nothing
      this.train(1);
    }
    get epoch() { return this.losses.length - 1; }

    /* One point's work: an epoch learns from each training point, then takes the loss at every point. True at its end. */
    work() {
      const { at, nTrain, totals, points } = this, learning = at < nTrain, point = learning ? at : at - nTrain;
      const label = points[point][2], error = this.forward(this.inputs, point) - label;
      if (learning) this.backward(label);
      else totals[point < nTrain ? 0 : 1] += 0.5 * (error * error);
      if (learning && (at + 1) % this.setting.batchSize === 0) this.update();
      this.at += 1;
      if (this.at < nTrain + points.length) return false;
      this.losses.push([totals[0] / nTrain, totals[1] / (points.length - nTrain)]);
      Object.assign(this, { totals: [0, 0], at: 0 });
      return true;
    }

    /* Some points' work; true where it ends an epoch, and then no more than that. */
    slice() {
      for (let points = 0; points < 32; points++) if (this.work()) return true;
    }

    train(epochs) {
      for (let done = 0; done < epochs; ) if (this.work()) done += 1;
      return this;
    }

    /* Fill `outputs` for one point of an array of inputs; returns the network's answer. */
    forward(inputs, point) {
      const { sizes, weights, biases, outputs } = this, first = sizes[0];
      for (let j = 0; j < first; j++) outputs[j] = inputs[point * first + j];
      let link = 0, row = first;
      for (let layer = 1; layer < sizes.length; layer++) {
        const start = row, before = start - sizes[layer - 1], activation = FUNCTIONS[this.kinds[layer]];
        for (; row < start + sizes[layer]; row++) {
          let total = biases[row - first];
          for (let j = before; j < start; j++) total += weights[link++] * outputs[j];
          outputs[row] = activation(total);
        }
      }
      return outputs[row - 1];
    }

    /* Add the gradients at one point, for which `outputs` was filled, to the running sums. */
    backward(label) {
      const { sizes, weights, outputs, deltas, weightSums, biasSums } = this;
      let stop = outputs.length, link = weights.length;
      this.count += 1;
      deltas[stop - 1] = outputs[stop - 1] - label;
      for (let layer = sizes.length - 1; layer > 0; layer--) {
        const start = stop - sizes[layer], width = sizes[layer - 1], before = start - width, slope = SLOPES[this.kinds[layer]];
        link -= sizes[layer] * width;
        for (let i = start; i < stop; i++) {
          deltas[i] *= slope(outputs[i]);
          biasSums[i - sizes[0]] += deltas[i];
        }
        for (let j = before; j < start; j++) {
          let upstream = 0;
          for (let i = start, k = link + j - before; i < stop; i++, k += width) {
            weightSums[k] += deltas[i] * outputs[j];
            upstream += weights[k] * deltas[i];
          }
          deltas[j] = upstream;
        }
        stop = start;
      }
    }

    /* One step along the mean of `count` points' gradients, which are then forgotten. */
    update() {
      const { weights, biases, weightSums, biasSums, dead } = this;
      const { learningRate: rate, regularization: penalty, regularizationRate } = this.setting;
      for (let i = 0; i < biases.length; i++) biases[i] -= (rate * biasSums[i]) / this.count;
      const step = rate / this.count, shrink = rate * regularizationRate;
      for (let k = 0; k < weights.length; k++) {
        const before = weights[k], stepped = before - step * weightSums[k];
        if (penalty === "L1") {
          const shrunk = stepped - shrink * (before < 0 ? -1 : before > 0 ? 1 : 0);
          if (stepped * shrunk < 0) dead[k] = 1;
          weights[k] = dead[k] ? 0 : shrunk;
        } else weights[k] = penalty === "L2" ? stepped - shrink * before : stepped;
      }
      weightSums.fill(0), biasSums.fill(0);
      this.count = 0;
    }
  }

  // --- drawing ----------------------------------------------------------------------------------------------------------

  const POSITIVE = "#0877bd", NEUTRAL = "#e8eaeb", NEGATIVE = "#f59322"; // the page's +1, 0 and -1
  const LABELS = { x: "X₁", y: "X₂", xSquared: "X₁²", ySquared: "X₂²", xTimesY: "X₁X₂", sinX: "sin X₁", sinY: "sin X₂" };
  const NEURON = 34, ROW = 48, MARGIN = 16, LABEL = 46; // CSS pixels: a neuron's side, from row to row, around, the names
  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  /* The colours from -1 to 1 in 256 steps: [red, green, blue]. */
  const COLORS = range(256, (step) => {
    const value = step / 127.5 - 1, end = channels(value < 0 ? NEGATIVE : POSITIVE), size = Math.abs(value);
    return channels(NEUTRAL).map((zero, channel) => Math.round(zero + size * (end[channel] - zero)));
  });
  const PIXELS = Uint32Array.from(COLORS, ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red);
  const stepOf = (value) => (value >= 1 ? 255 : value <= -1 ? 0 : Math.round((value + 1) * 127.5) || 0);
  const colorOf = (value) => `rgb(${COLORS[stepOf(value)]})`;

  /* What every neuron answers over the plane, and a small picture (canvas) of it for each: neighbours in one would blur. */
  class Maps {
    constructor(engine) {
      const links = engine.links.length, rows = engine.outputs.length, density = links < 200 ? 50 : links < 2000 ? 32 : 16;
      Object.assign(this, { engine, density });
      const tick = (index) => (((index + 0.5) / density) * 2 - 1) * EXTENT;
      const plane = range(density ** 2, (at) => [tick(at % density), -tick(Math.floor(at / density))]);
      this.inputs = featuresAt(plane, engine.setting.features);
      this.answers = new Float64Array(rows * plane.length);
      this.pictures = range(rows, () => Object.assign(document.createElement("canvas"), { width: density, height: density }));
      this.image = new ImageData(density, density * rows);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }

    compute() {
      const { engine, answers, pixels } = this, { outputs } = engine, size = this.density ** 2;
      for (let at = 0; at < size; at++) {
        engine.forward(this.inputs, at);
        for (let row = 0, here = at; row < outputs.length; row++, here += size) {
          answers[here] = outputs[row];
          pixels[here] = PIXELS[stepOf(outputs[row])];
        }
      }
      this.pictures.forEach((picture, row) => picture.getContext("2d").putImageData(this.image, 0, -row * this.density));
    }

    /* The line where a neuron answers zero, in a square of `side` pixels: through every cell of the grid that it crosses. */
    zeroLine(context, row, side) {
      const { density } = this, cell = side / density, answers = this.answers.subarray(row * density ** 2);
      context.beginPath();
      for (let at = 0, crossings = 0; at < density * (density - 1); at++) {
        for (const [x, y, toX, toY] of (at + 1) % density ? EDGES : []) {
          const here = answers[at + x + y * density], there = answers[at + toX + toY * density], share = here / (here - there);
          if (here < 0 === there < 0) continue;
          const place = [(at % density) + 0.5 + x + share * (toX - x), Math.floor(at / density) + 0.5 + y + share * (toY - y)];
          context[crossings++ % 2 ? "lineTo" : "moveTo"](place[0] * cell, place[1] * cell);
        }
      }
      context.stroke();
    }
  }
  const EDGES = [[0, 0, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 0, 0]]; // of a cell: from x, y to x, y

  /* A canvas made `width` by `height` CSS pixels and wiped; returns what draws on it, in CSS pixels. */
  function wiped(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1, context = canvas.getContext("2d");
    [canvas.width, canvas.height] = [width, height].map((length) => Math.round(length * ratio));
    canvas.style.height = `${height}px`;
    context.scale(ratio, ratio);
    return context;
  }

  /* Where each neuron stands: [x, y] of its centre, by row, in a picture of this width. */
  function places(sizes, width) {
    const left = MARGIN + LABEL + NEURON / 2, step = (width - left - MARGIN - NEURON / 2) / (sizes.length - 1);
    const middle = 26 + (Math.max(...sizes) * ROW) / 2;
    const place = (layer, at) => [left + layer * step, middle + (at - (sizes[layer] - 1) / 2) * ROW];
    return sizes.flatMap((size, layer) => range(size, (at) => place(layer, at)));
  }

  /* The thousand strongest links, weak ones first: colour and width by weight, dashed where negative, none that is dead. */
  function drawLinks(context, engine, centres) {
    const { weights, dead, links } = engine, living = range(links.length).filter((link) => !dead[link]);
    living.sort((a, b) => Math.abs(weights[a]) - Math.abs(weights[b]));
    for (const link of living.slice(-1000)) {
      const [[x, y], [toX, toY]] = links[link].map((row) => centres[row]), middle = (x + toX) / 2, weight = weights[link];
      Object.assign(context, { strokeStyle: colorOf(weight), lineWidth: 0.6 + 1.1 * Math.min(Math.abs(weight), 5) });
      context.setLineDash(weight < 0 ? [7, 3] : []);
      context.beginPath();
      context.moveTo(x + NEURON / 2, y);
      context.bezierCurveTo(middle, y, middle, toY, toX - NEURON / 2, toY);
      context.stroke();
    }
    context.setLineDash([]);
  }

  /* The network: inputs, links, neurons with their answers over the plane and, as a small square, their bias. */
  function drawNetwork(canvas, engine, maps, shown, colors) {
    const { sizes, setting, biases } = engine, width = canvas.clientWidth;
    const context = wiped(canvas, width, 34 + Math.max(...sizes) * ROW), centres = places(sizes, width);
    drawLinks(context, engine, centres);
    Object.assign(context, { font: "12px sans-serif", textBaseline: "middle", textAlign: "right", fillStyle: colors.ink });
    setting.features.forEach((name, row) => context.fillText(LABELS[name], MARGIN + LABEL - 6, centres[row][1]));
    Object.assign(context, { textAlign: "center", fillStyle: colors.muted });
    const word = width / sizes.length > 70 ? "layer " : "";
    for (let layer = 0, row = 0; layer < sizes.length; row += sizes[layer++]) {
      context.fillText(layer === 0 ? "inputs" : layer < sizes.length - 1 ? word + layer : "output", centres[row][0], 12);
    }
    centres.forEach(([x, y], row) => {
      const corner = [x - NEURON / 2, y - NEURON / 2];
      context.drawImage(maps.pictures[row], ...corner, NEURON, NEURON);
      Object.assign(context, { strokeStyle: row === shown ? colors.ink : colors.muted, lineWidth: row === shown ? 2.5 : 1 });
      context.strokeRect(...corner, NEURON, NEURON);
      if (row < sizes[0]) return;
      Object.assign(context, { fillStyle: colorOf(biases[row - sizes[0]]), lineWidth: 0.5 });
      context.fillRect(corner[0] - 9, corner[1] + NEURON - 6, 6, 6);
      context.strokeRect(corner[0] - 9, corner[1] + NEURON - 6, 6, 6);
    });
  }

  /* Every neuron's name, by row. */
  function neuronNames({ features, networkShape }) {
    const layer = (size, before) => range(size, (at) => `layer ${before + 1}, neuron ${at + 1}`);
    return [...features.map((name) => LABELS[name]), ...networkShape.flatMap(layer), "the output"];
  }

  /* All numbers of a network in full, as lines of text. */
  function numbersOf(engine) {
    const { sizes, weights, biases, dead, epoch, losses } = engine, names = neuronNames(engine.setting), of = names.map(() => []);
    const weight = (link) => (dead[link] ? "dead" : weights[link]);
    engine.links.forEach(([from, row], link) => of[row].push(`\n    from ${names[from]}: ${weight(link)}`));
    const lines = names.map((name, row) => `${name}: bias ${biases[row - sizes[0]]}${of[row].join("")}`).slice(sizes[0]);
    return [`epoch ${epoch}: training loss ${losses[epoch][0]}, test loss ${losses[epoch][1]}`, ...lines].join("\n\n");
  }

  /* One neuron's answers over the plane, with the points: squares for the class -1, test points with a dark edge. */
  function drawOutput(canvas, engine, maps, row, withTest) {
    const side = canvas.clientWidth, context = wiped(canvas, side, side), size = Math.max(3, side / 100);
    Object.assign(context, { fillStyle: "#fff", strokeStyle: "#22272e", lineWidth: 1.2 });
    context.fillRect(0, 0, side, side);
    context.globalAlpha = 0.62;
    context.drawImage(maps.pictures[row], 0, 0, side, side);
    context.globalAlpha = 1;
    maps.zeroLine(context, row, side);
    const place = (value) => ((value / EXTENT + 1) * side) / 2, square = isRegression(engine.setting) ? NaN : -1;
    engine.points.slice(0, withTest ? Infinity : engine.nTrain).forEach(([x, y, label], index) => {
      context.fillStyle = colorOf(label);
      context.strokeStyle = index < engine.nTrain ? "#fff" : "#22272e";
      context.beginPath();
      if (label === square) context.rect(place(x) - size * 0.85, place(-y) - size * 0.85, size * 1.7, size * 1.7);
      else context.arc(place(x), place(-y), size, 0, 7);
      context.fill(), context.stroke();
    });
  }

  /* Both curves of an engine's losses, the test dashed, on a scale from 0 or, with `log`, a logarithmic one. */
  function drawLosses(canvas, losses, log, { ink, muted, line }) {
    const width = canvas.clientWidth, height = 96, context = wiped(canvas, width, height), left = 44, bottom = height - 16;
    const last = losses.length - 1, every = Math.ceil(last / width) || 1;
    const epochs = [...range(Math.ceil(last / every), (at) => at * every), last];
    const shown = epochs.flatMap((epoch) => losses[epoch]).filter((loss) => loss > 0 && loss < Infinity);
    const top = Math.max(1e-6, ...shown), low = log ? Math.min(top / 10, ...shown) : 0;
    const inWords = (loss) => (loss && loss < 0.001 ? loss.toExponential(0) : loss.toFixed(3));
    const scale = log ? Math.log10 : (value) => value;
    const y = (loss) => bottom - ((scale(loss) - scale(low)) / (scale(top) - scale(low))) * (bottom - 8);
    Object.assign(context, { font: "11px sans-serif", textAlign: "right", fillStyle: muted, strokeStyle: line });
    context.strokeRect(left, 8, width - left - 1, bottom - 8);
    context.fillText(inWords(top), left - 4, 14);
    context.fillText(inWords(low), left - 4, bottom);
    context.fillText(`epoch ${last}`, width - 1, height - 3);
    for (const [which, strokeStyle, dash] of [[0, muted, []], [1, ink, [4, 2]]]) {
      Object.assign(context, { strokeStyle, lineWidth: 1.6 });
      context.setLineDash(dash);
      context.beginPath();
      epochs.forEach((epoch) => context.lineTo(left + (epoch / (last || 1)) * (width - left - 1), y(losses[epoch][which])));
      context.stroke();
    }
  }

  // --- the player -------------------------------------------------------------------------------------------------------

  const FRAME = 12; // milliseconds of a frame's sixteen that work and drawing may take
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches; // then two pictures a second are enough
  const SPEEDS = { "1 epoch/s": 1, "10 epochs/s": 10, "60 epochs/s": 60, "full speed": 1e6 };
  const RATES = [0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  const choice = (name, text, values) =>
    `<label>${text} <select name="${name}">${values.map((value) => `<option>${value}</option>`).join("")}</select></label>`;
  const tick = (name, text) => `<label><input type="checkbox" name="${name}"> ${text}</label>`;
  const button = (name, text) => `<button type="button" name="${name}">${text}</button>`;
  const slider = (name, text, [min, max, step]) => `<label>${text} <b data-of="${name}"></b>
    <input type="range" name="${name}" min="${min}" max="${max}" step="${step}"></label>`;
  const TEMPLATE = `<p class="playground-error" role="alert"></p>
    <div class="playground-bar">${button("play", "Play")} ${button("step", "Step")} ${button("restart", "Restart")}
      ${choice("speed", "Speed", Object.keys(SPEEDS))}
      <label>Stop at epoch <input type="number" name="stopAt" min="1" placeholder="never"></label>
      <label>Seed <input name="seed" size="8" spellcheck="false"></label> ${button("anotherSeed", "Another seed")} ${button("close", "Close")}</div>
    <div class="playground-view"><div><canvas class="playground-network" role="img"></canvas>
      <p class="playground-bar"><span>Epoch <b data-of="epoch"></b></span> <span class="playground-test">Test loss <b data-of="test"></b></span>
        <span class="playground-training">Training loss <b data-of="training"></b></span> <span>Dead links <b data-of="dead"></b></span></p>
      <canvas class="playground-losses" role="img"></canvas></div>
    <div><canvas class="playground-output" role="img"></canvas>
      <div class="playground-bar"><label>Picture of <select name="picture"></select></label>
        ${tick("testPoints", "test points")} ${tick("logarithmic", "logarithmic loss")}</div></div></div>
    <details class="playground-settings"><summary>Settings</summary><div>
      <fieldset><legend>Data</legend>${choice("dataset", "Data set", [...CLASSES, ...REGRESSIONS])} ${slider("noise", "Noise", [0, 80, 5])}
        ${slider("percTrainData", "Training share, %", [10, 90, 10])} ${slider("batchSize", "Batch size", [1, 30, 1])}</fieldset>
      <fieldset><legend>Training</legend>${choice("activation", "Activation", CHOICES.activation)}
        ${choice("learningRate", "Learning rate", RATES)} ${choice("regularization", "Penalty", CHOICES.regularization)}
        ${choice("regularizationRate", "Penalty's rate", [0, ...RATES])} ${tick("initZero", "start all weights at 0")}</fieldset>
      <fieldset><legend>Inputs</legend>${FEATURES.map((name) => tick(name, LABELS[name])).join(" ")}</fieldset>
      <fieldset><legend>Neurons in each hidden layer</legend><span class="playground-bar"></span>
        ${button("addLayer", "Add a layer")} ${button("removeLayer", "Remove the last")}</fieldset></div></details>
    <details class="playground-numbers"><summary>All numbers, to the last bit</summary>
      <pre tabindex="0" aria-label="Weights and biases"></pre></details>
    <div class="playground-bar"><label>Address <input name="address" readonly></label> ${button("copy", "Copy")}
      <a target="_blank" rel="noopener">The same on the Playground's own page</a></div>
    <p class="playground-status" role="status"></p>`;

  /* Have a player drawn anew where the theme of the site or of JupyterLab changes; once closed, it can be forgotten. */
  function drawnByTheme(player) {
    const held = new WeakRef(player), marks = { attributeFilter: ["data-theme", "data-jp-theme-light"], subtree: true };
    new MutationObserver(() => held.deref()?.draw()).observe(document.documentElement, marks);
  }

  class Player {
    /* Fill `element` with a player of an address's setting; it has a close button if there is onClose, which that calls. */
    constructor(element, address, { onClose } = {}) {
      Object.assign(this, { close: onClose, playing: false, drawn: 0, cost: 4 });
      element.innerHTML = `<div class="playground" role="group" aria-label="Playground">${TEMPLATE}</div>`;
      this.section = element.lastChild;
      this.find = (selector) => this.section.querySelector(selector);
      this.parts = Object.fromEntries(Array.from(this.section.querySelectorAll("[name]"), (part) => [part.name, part]));
      this.canvases = ["network", "losses", "output"].map((name) => this.find(`.playground-${name}`));
      [this.parts.speed.selectedIndex, this.parts.close.hidden] = [2, !onClose];
      this.section.addEventListener("click", ({ target }) => target.matches("button") && this[target.name]());
      this.section.addEventListener("change", ({ target }) => this.changed(target));
      this.canvases[0].addEventListener("click", (event) => this.pick(event));
      this.find(".playground-numbers").addEventListener("toggle", () => this.report());
      new ResizeObserver(() => this.draw()).observe(this.section);
      drawnByTheme(this);
      this.load(address);
    }

    /* Start anew with an address's setting; a bad one is said, and leaves all that was there before. */
    load(address) {
      const error = this.find(".playground-error"), before = this.setting;
      error.textContent = "";
      try { this.setting = parse(address); } catch ({ message }) { this.setting ??= DEFAULTS, error.textContent = message; }
      if (this.setting === before) return this.fill();
      this.parts.address.value = this.find("a").href = addressOf(this.setting);
      this.fill();
      this.restart();
      this.onChange?.(this.parts.address.value);
    }

    /* Show the setting in the controls. */
    fill() {
      const { setting, parts } = this, shape = setting.networkShape, widths = this.find("fieldset span");
      FEATURES.forEach((name) => (parts[name].checked = setting.features.includes(name)));
      parts.initZero.checked = setting.initZero;
      for (const key of [...Object.keys(CHOICES), ...Object.keys(RANGES), "seed"].filter((name) => name in parts)) {
        const text = String(setting[key]), offered = Array.from(parts[key].options ?? [], (option) => option.value);
        if (parts[key].options && !offered.includes(text)) parts[key].add(new Option(text));
        parts[key].value = text;
        if (parts[key].type === "range") this.find(`[data-of="${key}"]`).textContent = text;
      }
      const width = (_, at) => `<input type="number" name="width" min="1" max="100" aria-label="Neurons in hidden layer ${at + 1}">`;
      if (widths.children.length !== shape.length) widths.innerHTML = shape.map(width).join("");
      shape.forEach((size, at) => (widths.children[at].value = size));
    }

    /* What follows from a control that was changed. */
    changed({ name, type, value, checked, parentElement }) {
      if (name === "picture") this.report();
      else if (name === "width") this.change("networkShape", Array.from(parentElement.children, (input) => input.value || 0));
      else if (FEATURES.includes(name)) this.change("features", FEATURES.filter((feature) => this.parts[feature].checked));
      else if (name in DEFAULTS) this.change(name, type === "checkbox" ? checked : value.replace(/[&=]/g, encodeURIComponent));
      this.draw();
    }

    change(key, value) { this.load(addressOf({ ...this.setting, [key]: value })); }
    anotherSeed() { this.change("seed", Math.random().toFixed(5)); }
    addLayer() { this.change("networkShape", [...this.setting.networkShape, 2]); }
    removeLayer() { this.change("networkShape", this.setting.networkShape.slice(0, -1)); }

    restart() {
      this.engine = new Engine(this.setting);
      this.maps = new Maps(this.engine);
      this.parts.picture.replaceChildren(...neuronNames(this.setting).map((name, row) => new Option(name, row)).reverse());
      this.rest();
    }

    play() {
      if (this.playing) return this.rest();
      if (this.engine.epoch >= this.end) this.restart();
      Object.assign(this, { playing: true, last: performance.now(), owed: 0 });
      this.parts.play.textContent = "Pause";
      cancelAnimationFrame(this.request); // of a run that was broken off in this very frame
      this.request = requestAnimationFrame((now) => this.frame(now));
    }
    step() { this.engine.train(1), this.rest(); }
    get end() { return Number(this.parts.stopAt.value) || Infinity; }

    /* One frame: as many epochs as the speed asks for and the time allows, then a picture. */
    frame(now) {
      if (!this.playing || !this.section.isConnected) return;
      const { engine, end, cost } = this, start = performance.now(), speed = SPEEDS[this.parts.speed.value];
      const drawing = start - this.drawn > (calm() ? 500 : 3 * cost), most = drawing ? Math.max(3, FRAME - cost) : FRAME;
      this.owed = Math.min(this.owed + (Math.max(0, now - this.last) / 1000) * speed, Math.max(1, speed / 4));
      this.last = now;
      const more = () => this.owed >= 1 && engine.epoch < end && performance.now() - start < most;
      for (; more(); this.stale = true) if (engine.slice()) this.owed -= 1;
      if (engine.epoch >= end) return this.rest();
      if (drawing && this.stale) this.draw();
      this.request = requestAnimationFrame((later) => this.frame(later));
    }

    /* Pause, with the epoch that has begun brought to its end. */
    rest() {
      this.playing = false;
      this.parts.play.textContent = "Play";
      if (this.engine.at > 0) this.engine.train(1);
      this.draw();
      this.report();
    }

    draw() {
      const { engine, maps, parts } = this, start = performance.now(), row = Number(parts.picture.value);
      if (!this.section.isConnected) return;
      const [network, losses, output] = this.canvases, style = getComputedStyle(this.section);
      const [ink, muted, line] = ["ink", "muted", "line"].map((name) => style.getPropertyValue(`--playground-${name}`) || "#555");
      maps.compute();
      drawNetwork(network, engine, maps, row, { ink, muted });
      drawOutput(output, engine, maps, row, parts.testPoints.checked);
      drawLosses(losses, engine.losses, parts.logarithmic.checked, { ink, muted, line });
      for (const [name, text] of Object.entries(this.said())) this.find(`[data-of="${name}"]`).textContent = text;
      Object.assign(this, { drawn: performance.now(), cost: performance.now() - start, stale: false });
    }

    /* The numbers of the moment, as texts. */
    said() {
      const { epoch, losses, dead } = this.engine, [training, test] = losses[epoch].map((loss) => loss.toFixed(4));
      return { epoch, training, test, dead: `${dead.reduce((sum, one) => sum + one, 0)} of ${dead.length}` };
    }

    /* Say in words what the pictures show, now that they are at rest. */
    report() {
      const { engine, parts: { picture } } = this, { epoch, training, test, dead } = this.said();
      const { dataset, activation } = engine.setting, answer = picture.selectedOptions[0].text;
      const said = `Epoch ${epoch}: training loss ${training}, test loss ${test}, ${dead} links dead.`;
      const texts = [`A network of ${engine.sizes.join("-")} neurons, ${activation}. ${said}`, `Losses up to epoch ${epoch}.`,
        `The plane with the points of ${dataset}, coloured by ${answer}: orange at -1, blue at +1.`];
      this.canvases.forEach((canvas, at) => canvas.setAttribute("aria-label", texts[at]));
      this.find(".playground-status").textContent = said;
      if (this.find(".playground-numbers").open) this.find("pre").textContent = numbersOf(engine);
    }

    /* Show the neuron that was clicked on. */
    pick({ offsetX, offsetY }) {
      const centres = places(this.engine.sizes, this.canvases[0].clientWidth);
      const row = centres.findIndex(([x, y]) => Math.max(Math.abs(offsetX - x), Math.abs(offsetY - y)) <= NEURON / 2);
      if (row >= 0) this.parts.picture.value = row;
      this.changed(this.parts.picture);
    }

    copy() {
      this.parts.address.select();
      const say = (how) => (this.find(".playground-status").textContent = `The address is ${how}.`);
      const copied = navigator.clipboard?.writeText(this.parts.address.value) ?? Promise.reject();
      copied.then(() => say("copied"), () => say("selected: copy it with the keyboard"));
    }
  }

  /* Fill an element with a player of the setting that an address names, paused at epoch 0. Returns the Player. */
  const mount = (element, address, options) => new Player(element, address, options);

  // --- several networks side by side ------------------------------------------------------------------------------------

  /* Take a generator on, frame by frame, while `element` is in the page; it yields true where a frame should end. */
  function inFrames(element, steps) {
    const start = performance.now();
    for (let step = {}; !step.value && performance.now() - start < FRAME; ) if ((step = steps.next()).done) return;
    if (element.isConnected) requestAnimationFrame(() => inFrames(element, steps));
  }

  /* Fill an element with a button that starts steps({say, tiles, place}) frame by frame; nothing is computed before. */
  function box(element, label, text, steps) {
    element.innerHTML = `<div class="playground" role="group" aria-label="${label}"><div class="playground-bar">
      ${button("start", text)} <span role="status"></span></div>
      <div class="playground-tiles"></div><div class="playground-place"></div></div>`;
    const [start, status, tiles, place] = element.firstChild.querySelectorAll("button, span, .playground-tiles, .playground-place");
    start.onclick = () => {
      start.disabled = true;
      inFrames(element, steps({ say: (said) => (status.textContent = said), tiles, place }));
    };
  }

  /* A button with a small picture, for drawTile to fill; a click on it opens a player of the setting in `place`. */
  function tile(setting, epochs, place) {
    const element = document.createElement("button");
    element.append(document.createElement("canvas"), document.createElement("span"));
    element.title = `seed ${setting.seed}`;
    element.onclick = () => {
      const { parts } = mount(place, addressOf(setting), { onClose: () => (place.replaceChildren(), element.focus()) });
      parts.stopAt.value = epochs;
      parts.play.focus();
    };
    return element;
  }

  function drawTile(element, maps, side, said) {
    const [picture, caption] = element.children;
    maps.compute();
    picture.style.width = `${side}px`;
    wiped(picture, side, side).drawImage(maps.pictures.at(-1), 0, 0, side, side);
    caption.textContent = said;
  }

  /* One setting from many seeds: what each network answers at an epoch, sorted by test loss. */
  function strip(element, address, epochs, count = 200) {
    const losses = [], inWords = (loss) => loss.toFixed(4);
    box(element, "Many seeds", `Train ${count} seeds for ${epochs} epochs`, function* ({ say, tiles, place }) {
      for (let number = 1; number <= count; number++) {
        const setting = { ...parse(address), seed: (number / 1e5).toFixed(5) }, engine = new Engine(setting);
        while (engine.epoch < epochs) yield void engine.slice();
        const loss = engine.losses[epochs][1], rank = losses.filter((other) => other <= loss).length;
        losses.splice(rank, 0, loss);
        tiles.insertBefore(tile(setting, epochs, place), tiles.children[rank] ?? null);
        drawTile(tiles.children[rank], new Maps(engine), 36, inWords(loss));
        tiles.hidden = calm() && number < count; // sorting moves them
        if (number % 20 === 0) say(`${number} seeds: test loss ${inWords(losses[0])} to ${inWords(losses.at(-1))}.`);
      }
    });
  }

  /* Activations from one seed, an epoch a frame; each says at which epoch its test loss fell below 0.01. */
  function race(element, address, epochs, activations = ["relu", "tanh", "sigmoid"]) {
    box(element, "A race", `Race ${activations.join(", ")} for ${epochs} epochs`, function* ({ say, tiles, place }) {
      const runners = activations.map((activation) => new Maps(new Engine({ ...parse(address), activation })));
      tiles.replaceChildren(...runners.map(({ engine }) => tile(engine.setting, epochs, place)));
      for (let epoch = 0; epoch <= epochs; epoch++) {
        const drawing = epoch === epochs || epoch % (calm() ? 30 : 1) === 0;
        for (const [at, maps] of runners.entries()) {
          const { losses } = maps.engine.train(epoch ? 1 : 0), there = losses.findIndex(([, test]) => test < 0.01);
          const said = there < 0 ? "" : `, below 0.01 at ${there}`;
          if (drawing) drawTile(tiles.children[at], maps, 130, `${activations[at]}: ${losses[epoch][1].toFixed(4)}${said}`);
        }
        yield true;
      }
      say("The race is over.");
    });
  }

  /* A player with a slider of the penalty's rate: each place trains anew to an epoch, and shows which links live. */
  function penalty(element, address, epochs, rates = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]) {
    const player = mount(element, address), bar = document.createElement("div"), { parts } = player;
    bar.innerHTML = slider("slide", "Penalty's rate", [0, rates.length - 1, 1]);
    player.section.prepend(bar);
    const [shown, slide] = bar.querySelectorAll("b, input");
    player.onChange = () => {
      const now = (shown.textContent = slide.ariaValueText = player.setting.regularizationRate);
      slide.value = rates.filter((rate) => rate <= now).length - 1;
    };
    slide.oninput = () => (player.change("regularizationRate", rates[slide.value]), player.play());
    [parts.speed.selectedIndex, parts.stopAt.value] = [3, epochs];
    player.onChange();
  }

  // --- in a page --------------------------------------------------------------------------------------------------------

  /* Have a click on a link to the Playground open a player below its table, figure or paragraph; with a modifier or
  another button it stays a link, and so does one whose setting is not computed here. */
  function openLinks(event) {
    const link = event.target.closest?.('a[href*="playground.tensorflow.org/#"]');
    if (!link || link.closest(".playground") || event.defaultPrevented || event.button) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    try { parse(link.hash); } catch { return; }
    event.preventDefault();
    const kinds = [".pst-scrollable-table-container", "figure", "table", "p", "li"];
    const place = kinds.map((kind) => link.closest(kind)).find(Boolean) ?? link, element = document.createElement("div");
    element.className = "playground-place";
    if (place.nextElementSibling?.matches(".playground-place")) place.nextElementSibling.remove();
    place.after(element);
    const player = mount(element, link.hash, { onClose: () => (element.remove(), link.focus()) });
    player.parts.play.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }

  /* Fill an element with a player that follows the address after the page's own '#', where that names a setting. */
  function follow(element, address) {
    const named = () => location.hash.includes("="), player = mount(element, named() ? location.hash : address);
    player.find(".playground-settings").open = true;
    player.onChange = (changed) => history.replaceState(null, "", new URL(changed).hash);
    window.addEventListener("hashchange", () => named() && player.load(location.hash));
  }

  /* Fill the elements marked data-playground="address": as data-kind says, or with a player that follows the page. */
  function start() {
    document.addEventListener("click", openLinks);
    for (const element of document.querySelectorAll("[data-playground]")) {
      const { playground: address, kind = "follow", epochs } = element.dataset;
      ({ strip, race, penalty, follow })[kind](element, address, Number(epochs));
    }
  }

  const loaded = typeof document !== "undefined" && document.currentScript?.src; // by a page, not inlined in a notebook
  if (loaded) document.addEventListener("DOMContentLoaded", start);
  return { parse, addressOf, Engine, Player, mount, strip, race, penalty, functions: { sigmoid, tanh, sin, cos, log } };
})();
if (typeof module !== "undefined") module.exports = Playground;

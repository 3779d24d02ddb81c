/* The TensorFlow Playground, live and to the last bit: first the engine, then the player that shows it.

The engine is helpers/playground's, operation for operation; double arithmetic is the same in every browser, and of the
browser's own functions only the square root and rounding down are called, whose results are exact everywhere. */
const Playground = (() => {
  "use strict";

  const PAGE = "https://playground.tensorflow.org/";
  const N_POINTS = 500;
  const EXTENT = 6; // the page shows the plane from -6 to 6
  const DATASETS = ["circle", "xor", "gauss", "spiral"];
  const FEATURES = ["x", "y", "xSquared", "ySquared", "xTimesY", "sinX", "sinY"]; // always in this order
  const ACTIVATIONS = ["sigmoid", "tanh", "relu", "linear"];
  const REGULARIZATIONS = ["none", "L1", "L2"];

  // --- an address and the setting it names ---------------------------------------------------------------------------

  /* A setting under the page's own names, with the page's defaults. */
  const DEFAULTS = {
    activation: "tanh", regularization: "none", batchSize: 10, dataset: "circle", learningRate: 0.03,
    regularizationRate: 0, noise: 0, networkShape: [4, 2], seed: "0.00001", percTrainData: 50, initZero: false,
    features: ["x", "y"],
  };
  const RANGES = {
    batchSize: [1, N_POINTS], learningRate: [0, 100], regularizationRate: [0, 100], noise: [0, 50], percTrainData: [1, 99],
    width: [1, 100],
  };
  const WHOLE = ["batchSize", "percTrainData", "width"];
  const CHOICES = { activation: ACTIVATIONS, regularization: REGULARIZATIONS, dataset: DATASETS };

  /* A number of a setting, from its text. Throws an Error that says what would do. */
  function numberOf(key, text) {
    const value = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;
    const [low, high] = RANGES[key];
    if (!(value >= low && value <= high) || (WHOLE.includes(key) && value % 1 !== 0)) {
      throw new Error(`${key}=${text} will not do: it takes ${WHOLE.includes(key) ? "a whole number" : "a number"} from ${low} to ${high}.`);
    }
    return value;
  }

  function choiceOf(key, text, allowed) {
    if (!allowed.includes(text)) throw new Error(`${key}=${text} will not do: choose one of ${allowed.join(", ")}.`);
    return text;
  }

  /* The setting that an address, or the part after its '#', names. Throws an Error if a value is not allowed. */
  function parse(address) {
    const pairs = address.slice(address.indexOf("#") + 1).split("&").map((pair) => pair.split("="));
    const all = Object.fromEntries(pairs.map(([key, value = ""]) => [key, value]));
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value.trim()));
    const isOn = (key, otherwise) => choiceOf(key, given[key] ?? otherwise, ["true", "false"]) === "true";
    choiceOf("problem", given.problem ?? "classification", ["classification"]);
    const setting = { ...DEFAULTS, seed: given.seed ?? DEFAULTS.seed, initZero: isOn("initZero", "false") };
    for (const key in CHOICES) if (key in given) setting[key] = choiceOf(key, given[key], CHOICES[key]);
    for (const key in RANGES) if (key in given && key in DEFAULTS) setting[key] = numberOf(key, given[key]);
    if ("networkShape" in all) setting.networkShape = given.networkShape ? shapeOf(given.networkShape) : [];
    setting.features = FEATURES.filter((name) => isOn(name, String(DEFAULTS.features.includes(name))) && given[`${name}_hide`] !== "true");
    if (!setting.features.length) throw new Error(`No input feature is on: choose at least one of ${FEATURES.join(", ")}.`);
    return setting;
  }

  function shapeOf(text) {
    const widths = text.split(",").map((width) => numberOf("width", width));
    if (widths.length > 12) throw new Error(`networkShape names ${widths.length} hidden layers: it takes 12 at most.`);
    return widths;
  }

  /* The page's address for a setting. */
  function addressOf(setting) {
    const { features, ...rest } = setting;
    if (rest.regularization === "none") delete rest.regularization; // the page says this by leaving the key out
    const pairs = Object.entries(rest).concat(FEATURES.map((name) => [name, features.includes(name)]));
    return `${PAGE}#${pairs.map(([key, value]) => `${key}=${value}`).join("&")}&problem=classification`;
  }

  // --- fdlibm's functions, as V8 had them in 2019 (Sun Microsystems 1993, freely usable) ------------------------------

  const double = new Float64Array(1);
  const words = new Uint32Array(double.buffer); // the low word, then the high one
  const highWord = (x) => ((double[0] = x), words[1]);
  const fromWords = (high, low) => ((words[0] = low), (words[1] = high), double[0]);

  const SMALLEST = -1060;
  const POWERS = new Float64Array(1024 - SMALLEST); // 2**k at k - SMALLEST, by exact doubling
  for (let k = 0, up = 1, down = 1; k < 1024; k++, up *= 2, down /= 2) POWERS[k - SMALLEST] = up, POWERS[-k - SMALLEST] = down;
  const powerOfTwo = (k) => POWERS[k - SMALLEST];

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

  function sin(x) {
    const [n, y0, y1] = reduced(x);
    const value = n & 1 ? kernelCos(y0, y1) : kernelSin(n, y0, y1);
    return n & 2 ? -value : value;
  }

  function cos(x) {
    const [n, y0, y1] = reduced(x);
    const value = n & 1 ? kernelSin(n, y0, y1) : kernelCos(y0, y1);
    return (n + 1) & 2 ? -value : value;
  }

  /* The natural logarithm of a normal positive number. */
  function log(x) {
    const top = highWord(x), low = words[0], high = top & 0xfffff;
    const carry = (high + 0x95f64) & 0x100000; // set where the mantissa is above sqrt(2), and halved
    const k = (top >> 20) - 1023 + (carry >> 20);
    const f = fromWords(high | (carry ^ 0x3ff00000), low) - 1;
    const lowPart = k * LN2_LO;
    if ((0xfffff & (2 + high)) < 3) return k * LN2_HI - ((f * f * (0.5 - 0.33333333333333333 * f) - lowPart) - f);
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
    let t;
    if (k === 0) t = -d;
    else if (k === -1) t = -0.5 * d - 0.5;
    else if (k < 0 || k > 56) t = (1 - d) * scale - 1;
    else t = k < 20 ? ((1 - inverse) - d) * scale : ((r - (e + inverse)) + 1) * scale;
    const q = (large ? 2 : -t) / (t + 2), z = large ? 1 - q : q;
    return x < 0 ? -z : z;
  }

  const relu = (x) => (x <= 0 ? 0 : x);
  const linear = (x) => x;
  const FUNCTIONS = { sigmoid, tanh, relu, linear };
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
      this.state = Uint8Array.from({ length: 256 }, (_, i) => i);
      for (let i = 0, j = 0; i < 256; i++) this.swap(i, (j = (j + key[i % key.length] + this.state[i]) & 255));
      this.i = this.j = 0;
      for (let i = 0; i < 256; i++) this.byte();
    }

    swap(i, j) {
      const { state } = this;
      [state[i], state[j]] = [state[j], state[i]];
    }

    byte() {
      const { state } = this;
      this.i = (this.i + 1) & 255;
      const here = state[this.i];
      this.j = (this.j + here) & 255;
      const there = state[this.j];
      state[this.i] = there;
      state[this.j] = here;
      return state[(here + there) & 255];
    }

    /* The next number, uniform in [0, 1): (whole + last) * unit, of six bytes or as many as make 52 bits. */
    next() {
      let whole = 0, last = 0, unit = 2 ** -48;
      for (let count = 0; count < 6; count++) whole = whole * 256 + this.byte();
      for (; whole + last < 2 ** 52; unit /= 256) {
        whole = (whole + last) * 256;
        last = this.byte();
      }
      for (; whole >= 2 ** 53; unit *= 2) {
        whole /= 2;
        last >>= 1;
      }
      return (whole + last) * unit;
    }

    between(low, high) {
      return this.next() * (high - low) + low;
    }

    /* A standard normal number, by the polar method. */
    normal() {
      let v1, s;
      do {
        v1 = 2 * this.next() - 1;
        const v2 = 2 * this.next() - 1;
        s = v1 * v1 + v2 * v2;
      } while (s > 1);
      return Math.sqrt((-2 * log(s)) / s) * v1;
    }
  }

  /* How each data set draws its points [x, y, label], in the page's order; noise from 0 to 0.5. */
  const DRAWN = {
    circle(random, noise, index) {
      const radius = index < N_POINTS / 2 ? random.between(0, 2.5) : random.between(3.5, 5);
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
      const share = noise / 0.5, deviation = Math.sqrt(0.5 * (1 - share) + 4 * share);
      const label = index < N_POINTS / 2 ? 1 : -1;
      const x = 2 * label + deviation * random.normal(), y = 2 * label + deviation * random.normal();
      return [x, y, label];
    },
    spiral(random, noise, index) {
      const n = N_POINTS / 2, i = index % n, label = index < n ? 1 : -1;
      const radius = (i / n) * 5, angle = ((1.75 * i) / n) * 2 * Math.PI + (label === 1 ? 0 : Math.PI);
      const x = radius * sin(angle) + random.between(-1, 1) * noise, y = radius * cos(angle) + random.between(-1, 1) * noise;
      return [x, y, label];
    },
  };

  function drawPoints(random, dataset, noise) {
    const points = Array.from({ length: N_POINTS }, (_, index) => DRAWN[dataset](random, noise, index));
    for (let count = N_POINTS; count > 0; count--) {
      const pick = Math.floor(random.next() * count);
      [points[count - 1], points[pick]] = [points[pick], points[count - 1]];
    }
    return points;
  }

  const FEATURE = {
    x: (x) => x, y: (x, y) => y, xSquared: (x) => x * x, ySquared: (x, y) => y * y, xTimesY: (x, y) => x * y,
    sinX: (x) => sin(x), sinY: (x, y) => sin(y),
  };
  /* The features called `names` at points [x, y, ...], one point's after another's (Float64Array). */
  const featuresAt = (points, names) => Float64Array.from(points.flatMap(([x, y]) => names.map((name) => FEATURE[name](x, y))));

  // --- training ---------------------------------------------------------------------------------------------------------

  /* One network in training. Links count layer by layer, for each neuron its incoming links in order; `outputs` and
  `deltas` hold the inputs first, then the neurons. losses[epoch] is [training loss, test loss]; epoch 0 is the start. */
  class Engine {
    constructor(setting) {
      const random = new SeedRandom(setting.seed);
      this.setting = setting;
      this.points = drawPoints(random, setting.dataset, setting.noise / 100);
      this.inputs = featuresAt(this.points, setting.features);
      this.nTrain = Math.floor((N_POINTS * setting.percTrainData) / 100);
      this.sizes = [setting.features.length, ...setting.networkShape, 1];
      const nLinks = this.sizes.slice(1).reduce((sum, here, layer) => sum + here * this.sizes[layer], 0);
      const nRows = this.sizes.reduce((sum, here) => sum + here);
      this.weights = Float64Array.from({ length: nLinks }, () => (setting.initZero ? 0 : random.next() - 0.5));
      this.biases = new Float64Array(nRows - this.sizes[0]).fill(setting.initZero ? 0 : 0.1);
      this.weightSums = new Float64Array(nLinks);
      this.biasSums = new Float64Array(this.biases.length);
      this.dead = new Uint8Array(nLinks); // 1 for a link that L1 has cut for good
      this.outputs = new Float64Array(nRows);
      this.deltas = new Float64Array(nRows);
      this.kinds = this.sizes.map((_, layer) => (layer === this.sizes.length - 1 ? "tanh" : setting.activation));
      this.count = 0; // points whose gradients wait for the next step
      this.totals = [0, 0];
      this.losses = [];
      this.at = this.nTrain; // epoch 0 trains nothing
      while (!this.work());
    }

    get epoch() {
      return this.losses.length - 1;
    }

    /* One point's work: an epoch learns from each training point, then takes the loss at every point. True at its end. */
    work() {
      if (this.at < this.nTrain) this.learn(this.at);
      else this.measure(this.at - this.nTrain);
      this.at += 1;
      if (this.at < this.nTrain + N_POINTS) return false;
      this.losses.push([this.totals[0] / this.nTrain, this.totals[1] / (N_POINTS - this.nTrain)]);
      this.totals = [0, 0];
      this.at = 0;
      return true;
    }

    train(epochs) {
      for (let done = 0; done < epochs; ) if (this.work()) done += 1;
      return this;
    }

    learn(point) {
      this.forward(this.inputs, point);
      this.backward(this.points[point][2]);
      this.count += 1;
      if ((point + 1) % this.setting.batchSize === 0) this.update();
    }

    measure(point) {
      const error = this.forward(this.inputs, point) - this.points[point][2];
      this.totals[point < this.nTrain ? 0 : 1] += 0.5 * (error * error);
    }

    /* Fill `outputs` for one point of an array of inputs; returns the network's answer. */
    forward(inputs, point) {
      const { sizes, weights, biases, outputs } = this;
      const first = sizes[0];
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
      weightSums.fill(0);
      biasSums.fill(0);
      this.count = 0;
    }
  }

  return { parse, addressOf, Engine, functions: { sigmoid, tanh, sin, cos, log } };
})();

if (typeof module !== "undefined") module.exports = Playground;

// Round numbers along an axis, as `drawing/ticks.py` has them.
const ticks = (() => {
  const linear = (low, high, most) => {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((s) => s * power).find(
        (s) => s >= rough * (1 - 1e-9));
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    return Array.from({length: Math.max(0, last - first + 1)},
        (_, i) => +((first + i) * step).toPrecision(12));
  };
  const logarithmic = (low, high) => {
    const found = [];
    const last = Math.ceil(Math.log10(high));
    for (let p = Math.floor(Math.log10(low)); p <= last; p++) {
      for (const s of [1, 2, 5]) {
        const value = +(s * 10 ** p).toPrecision(3);
        if (value >= low && value <= high) found.push(value);
      }
    }
    return found;
  };
  const words = (values) => {
    const digits = [0, 1, 2, 3, 4, 5].find((d) => values.every((v) =>
      Math.abs(v - +v.toFixed(d)) < 1e-9 * Math.max(1, Math.abs(v)))) ?? 6;
    return values.map((v) => v.toFixed(digits).replace('-', '−'));
  };
  return {linear, logarithmic, words};
})();

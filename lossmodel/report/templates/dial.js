"use strict";
// Sliders of assumptions. The draws of all refits have weights at every position of the sliders:
// exp(log prior there - log mixture of the refits' priors); see lossmodel/evaluation/reweighting.py.
for (const box of document.querySelectorAll(".dial")) {
  const given = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  const sliders = [...box.querySelectorAll("input[type=range]")];
  const texts = sliders.map((slider) => JSON.parse(slider.dataset.texts));
  const own = sliders.map((slider) => Number(slider.dataset.own));

  function codes(coded, bytes) {
    const text = atob(coded.codes);
    const content = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return bytes === 1 ? content : Uint16Array.from({ length: content.length / 2 },
      (_, i) => content[2 * i] + 256 * content[2 * i + 1]);
  }

  const statistics = given.statistics.map((coded) =>
    Float64Array.from(codes(coded, 1), (code) => coded.low + code * coded.step));

  // Log of the prior at a position over that of the fit, for each draw.
  function logRatio(position) {
    const factors = position.map((s, j) => (given.scaled[j] ? -Math.expm1(-2 * s) / 2 : s));
    const lost = position.reduce((sum, s, j) =>
      sum + given.sizes[j] * (given.scaled[j] ? s : (s * s) / 2), 0);
    return Float64Array.from(statistics[0], (_, i) =>
      factors.reduce((sum, factor, j) => sum + factor * statistics[j][i], -lost));
  }

  // Log of the mixture of the refits' priors, without that of the fit.
  const ratios = given.nodes.map((node, k) => logRatio(node).map((x) => x + given.shares[k]));
  const mixture = ratios[0].map((_, i) => {
    const most = Math.max(...ratios.map((ratio) => ratio[i]));
    return most + Math.log(ratios.reduce((sum, ratio) => sum + Math.exp(ratio[i] - most), 0));
  });
  const totals = given.totals.map((coded) => ({ ...coded, codes: codes(coded, 2), size: 65536 }));
  const curves = given.curves.series.map((curve) =>
    curve.map((coded) => ({ ...coded, codes: codes(coded, 1), size: 256 })));

  function weights(position) {
    const logs = logRatio(position).map((ratio, i) => ratio - mixture[i]);
    const most = logs.reduce((a, b) => Math.max(a, b));
    const found = logs.map((x) => Math.exp(x - most));
    const sum = found.reduce((a, b) => a + b);
    return found.map((weight) => weight / sum);
  }

  // Quantiles of the logs of coded values, of which every so many have a weight. Each value stands
  // in the middle of its weight.
  function quantiles(series, weight, step) {
    const mass = new Float64Array(series.size);
    let sum = 0;
    for (let i = 0; i < series.codes.length; i += 1) {
      mass[series.codes[i]] += weight[i * step];
      sum += weight[i * step];
    }
    return given.levels.map((level) => {
      let [before, middle, last] = [0, 0, -1];
      for (let code = 0; code < series.size; code += 1) {
        if (mass[code] > 0) {
          const here = before + mass[code] / 2;
          if (here >= level * sum) {
            const back = last < 0 ? 0 : ((here - level * sum) / (here - middle)) * (code - last);
            return series.low + series.step * (code - back);
          }
          [before, middle, last] = [before + mass[code], here, code];
        }
      }
      return series.low + series.step * last;
    });
  }

  // At the fit the numbers are those of the fit, which differ a little from those by weights: the
  // difference is taken over to other positions less and less, and not at all from the ends on.
  const start = weights(given.positions.map(() => 0));
  const errors = totals.map((series, k) =>
    quantiles(series, start, 1).map((x, i) => x - Math.log(given.own[k][i])));
  const dot = (a, b) => a.reduce((sum, x, j) => sum + x * b[j], 0);

  function limitsOf(k, position, weight) {
    const far = Math.max(...given.ends.map((end) => dot(position, end) / dot(end, end)));
    const kept = Math.min(Math.max(1 - far, 0), 1);
    return quantiles(totals[k], weight, 1).map((x, i) => Math.exp(x - kept * errors[k][i]));
  }

  // The change of a curve is by weights, from that of the fit.
  const startCurves = curves.map((curve) =>
    curve.map((series) => quantiles(series, start, given.curves.step)));
  const moved = (limits, now, before) => limits.map((x, i) => x * Math.exp(now[i] - before[i]));

  // Two digits of the half width or of the number itself, as in lossmodel/text/numbers.py.
  function number(value, lower, upper) {
    if (!(Math.abs(value) > 0)) return "0";
    const size = Math.min(Math.abs(value), (upper - lower) / 2 || Math.abs(value));
    const power = Math.floor(Math.log10(size)) - 1;
    const rounded = power > 0 ? Math.round(value / 10 ** power) * 10 ** power : value;
    const digits = Math.max(0, -power);
    const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return rounded.toLocaleString("en", form);
  }

  const pictured = box.querySelectorAll(".curve");
  const places = [...box.querySelectorAll(".totals li")].map((item, k) => ({
    median: item.querySelector("strong"),
    limits: item.querySelector(".limits"),
    picture: pictured[k],
  }));
  const said = box.querySelector("[role=status]");
  const SVG = "http://www.w3.org/2000/svg";
  const [wide, high, bottom] = [320, 120, 18];

  function element(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const last = given.days[given.days.length - 1];
  const across = given.days.map(([day]) => (last[0] ? (day / last[0]) * (wide - 2) + 1 : 1));
  const tops = given.curves.own.map((curve) => 1.4 * curve[curve.length - 1][2]);
  const pictures = places.map(({ picture }, k) => {
    const svg = element("svg", { viewBox: `0 0 ${wide} ${high + bottom}`, "aria-hidden": "true" });
    const band = element("path", { class: "band" });
    const fit = element("path", { class: "fit", d: line(given.curves.own[k], 0, tops[k]) });
    const now = element("path", { class: "now" });
    const top = number(tops[k], 0, 2 * tops[k]);
    svg.append(
      band, fit, now,
      element("line", { x1: 0, x2: wide, y1: high, y2: high }),
      element("text", { x: 2, y: 11 }, top),
      element("text", { x: 0, y: high + 14 }, given.first),
      element("text", { x: wide, y: high + 14, "text-anchor": "end" }, last[1]),
    );
    picture.replaceChildren(svg);
    return { band, now };
  });

  function points(curve, which, top) {
    const up = (value) => Math.max(0, high - (value / top) * high).toFixed(1);
    const later = curve.map((limits, g) => `${across[g].toFixed(1)},${up(limits[which])}`);
    return [`1,${high}`, ...later];
  }

  function line(curve, which, top) {
    return `M${points(curve, which, top).join("L")}`;
  }

  function show() {
    const position = sliders.map((slider, j) => given.positions[j][slider.value]);
    sliders.forEach((slider, j) => {
      const text = texts[j][slider.value];
      slider.setAttribute("aria-valuetext", text);
      slider.parentElement.querySelector("output").textContent = text;
    });
    const weight = weights(position);
    let squares = 0;
    for (const w of weight) squares += w * w;
    const effective = given.efficiency / squares;
    totals.forEach((_, k) => {
      const [median, lower, upper] = limitsOf(k, position, weight);
      places[k].median.textContent = number(median, lower, upper);
      const limits = `${number(lower, lower, upper)} to ${number(upper, lower, upper)}`;
      places[k].limits.textContent = limits;
      const curve = curves[k].map((each, g) => moved(
        given.curves.own[k][g],
        quantiles(each, weight, given.curves.step),
        startCurves[k][g],
      ));
      const down = points(curve, 1, tops[k]).reverse();
      pictures[k].band.setAttribute("d", `${line(curve, 2, tops[k])}L${down.join("L")}Z`);
      pictures[k].now.setAttribute("d", line(curve, 0, tops[k]));
    });
    const changed = position.some((at) => at !== 0);
    const few = effective < given.carried;
    box.classList.toggle("uncarried", few);
    said.textContent = few
      ? "Too far from the refits to be worked out: " +
        `${Math.round(effective).toLocaleString("en")} effective draws, where ` +
        `${given.carried.toLocaleString("en")} are needed. Do not use these numbers.`
      : changed ? "These numbers are under changed assumptions." : "These are the numbers of the fit.";
  }

  sliders.forEach((slider) => slider.addEventListener("input", show));
  box.querySelector("button").addEventListener("click", () => {
    sliders.forEach((slider, j) => { slider.value = own[j]; });
    show();
  });
  // A browser may keep the sliders of an earlier visit.
  sliders.forEach((slider, j) => { slider.value = own[j]; });
  box.hidden = false;
  show();
}

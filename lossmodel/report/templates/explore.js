// The figure of losses that a reader explores. Texts of estimates come with the data, as printed.
{
  const box = document.querySelector(".explore");
  const block = document.getElementById("explored");
  if (box && block) explore(box, JSON.parse(block.textContent));

  function explore(box, data) {
    const day = 86400000;
    const start = Date.parse(`${data.start}T00:00:00Z`);
    const colours = JSON.parse(document.querySelector("main").dataset.colours);
    const themed = Object.fromEntries(Object.entries(colours).map(([name, hex]) => [hex, name]));
    const field = (name) => box.querySelector(`[name=${name}]`);
    const part = (name) => box.querySelector(`.${name}`);
    const [party, category, measure] = ["party", "category", "measure"].map(field);
    const [from, to, log, week] = ["from", "to", "log", "week"].map(field);
    const svg = part("canvas").querySelector("svg");
    const listed = 8; // claims beside a week: as many as a phone shows below the figure
    const near = 18; // pixels within which a claim is pointed at: about half a finger
    let panel, first, last, x, y, frame, at, held = false, pointed = null, problem = "";

    const iso = (n) => new Date(start + n * day).toISOString().slice(0, 10);
    const words = (n) => new Date(start + n * day)
      .toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
    const middle = (i) => panel.measure === "cumulative"
      ? panel.end[i] : (panel.start[i] + panel.end[i]) / 2;
    const unique = (name, rows) => [...new Set(rows.map((row) => row[name]))];

    function options(select, values, titles = values) {
      const before = select.value;
      select.replaceChildren(...values.map((value, i) => new Option(titles[i], value)));
      if (values.includes(before)) select.value = before;
    }

    function choose() {
      const ofParty = data.panels.filter((p) => p.party === party.value);
      options(category, unique("category", ofParty));
      const series = ofParty.filter((p) => p.category === category.value);
      panel = series.find((p) => p.measure === measure.value) || series[0];
      const link = document.querySelector(`[id="figure-${panel.figure}"] a[download]`);
      part("table").hidden = !link;
      if (link) [part("table").href, part("table").download] = [link.href, link.download];
      part("save").dataset.name = `${panel.figure}-${panel.measure}`;
      limit();
    }

    function limit() {
      const offset = (input, other) => {
        const n = Math.round((Date.parse(`${input.value}T00:00:00Z`) - start) / day);
        return Number.isNaN(n) ? other : n;
      };
      first = offset(from, 0);
      last = offset(to, data.days - 1);
      const outside = [first, last].map((n) => n < 0 || n >= data.days);
      const wrong = outside.includes(true) ? outside : [first >= last, first >= last];
      [from, to].forEach((input, i) => input.setAttribute("aria-invalid", wrong[i]));
      problem = "";
      if (wrong.includes(true)) {
        const why = outside.includes(true) ? `Outside ${words(0)} to ${words(data.days - 1)}`
          : first > last ? "From is after To" : "From and To are the same day";
        problem = `${why}: all days are shown. `;
        [first, last] = [0, data.days - 1];
      }
      const weeks = panel.end.map((_, i) => i).filter((i) => middle(i) >= first && middle(i) <= last);
      week.min = weeks.length ? weeks[0] : 0;
      week.max = weeks.length ? weeks[weeks.length - 1] : panel.end.length - 1;
      if (at === undefined) week.value = week.max;
      pointed = null;
      draw();
      select(Number(week.value));
    }

    function node(name, attributes, into = svg, text = "") {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      if (text) made.textContent = text;
      into.append(made);
      return made;
    }

    function inside(group) {
      return group.end.map((_, k) => k).filter((k) => group.end[k] >= first && group.start[k] <= last
        && (!group.cumulative || group.end[k] <= last));
    }

    function draw() {
      const width = Math.max(part("canvas").clientWidth, 260);
      const height = Math.round(Math.min(Math.max(width * 0.5, 260), 420));
      const shown = panel.end.map((_, i) => i).filter((i) => middle(i) >= first && middle(i) <= last);
      const values = shown.flatMap((i) => [panel.lower[i], panel.upper[i]]);
      for (const group of panel.groups) {
        for (const k of inside(group)) values.push(group.value[k], group.low[k], group.high[k]);
      }
      const positive = values.filter((value) => value > 0);
      const most = Math.max(...positive, 1e-9);
      // Five powers of ten: below them lie numbers that nobody reads off a figure.
      const least = log.checked ? Math.max(Math.min(...positive, most / 2), most * 1e-5) : 0;
      const high = log.checked ? most * 1.15 : most * 1.04;
      const ticks = log.checked ? powers(least, high) : steps(high, height / 60);
      const labels = ticks.map((value) => value.toLocaleString("en", { maximumSignificantDigits: 6 }));
      const left = 14 + 7 * Math.max(...labels.map((text) => text.length), 3);
      frame = { left, right: width - 10, top: 10, bottom: height - 26, width, height };
      x = (n) => frame.left + ((n - first) / Math.max(last - first, 1)) * (frame.right - frame.left);
      y = (value) => {
        const share = log.checked
          ? Math.log(Math.max(value, least) / least) / Math.log(high / least) : value / high;
        return frame.bottom - share * (frame.bottom - frame.top);
      };
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.setAttribute("aria-label", `${panel.party}, ${panel.category}, ${panel.words}`);
      svg.replaceChildren();
      const font = "font: 12px sans-serif; fill: var(--ink)";
      ticks.forEach((value, i) => {
        node("path", { d: `M${frame.left} ${y(value)}H${frame.right}`, style: "stroke: var(--faint); stroke-opacity: .35" });
        node("text", { x: frame.left - 6, y: y(value) + 4, "text-anchor": "end", style: font }, svg, labels[i]);
      });
      for (const [n, label] of dates((frame.right - frame.left) / 70)) {
        node("path", { d: `M${x(n)} ${frame.bottom}v4`, style: "stroke: var(--faint)" });
        const text = node("text", { x: x(n), y: frame.bottom + 18, "text-anchor": "middle", style: font }, svg, label);
        text.setAttribute("x", Math.min(x(n), width - text.getComputedTextLength() / 2));
      }
      node("path", { d: `M${frame.left} ${frame.bottom}H${frame.right}`, style: "stroke: var(--faint)" });
      if (shown.length) {
        const [median, lower, upper] = ["median", "lower", "upper"].map((limit) => curve(limit, shown));
        if (median.length === 1) {
          const [i] = shown;
          const line = `M${x(middle(i))} ${y(panel.lower[i])}V${y(panel.upper[i])}`;
          node("path", { d: line, style: "stroke: var(--faint); stroke-opacity: .6; stroke-width: 7" });
        }
        node("path", { d: `M${[...upper, ...lower.reverse()].join("L")}Z`, style: "fill: var(--faint); fill-opacity: .35" });
        node("path", {
          d: `M${median.join("L")}`,
          style: "fill: none; stroke: var(--ink); stroke-width: 1.8",
        });
      }
      for (const group of panel.groups) points(group);
      node("g", { class: "chosen" });
      legend();
    }

    // Totals rise to the first one day by day, as in the pictures.
    function curve(limit, shown) {
      const found = shown.map((i) => [middle(i), panel[limit][i]]);
      const days = panel.end[0] + 1;
      if (panel.measure === "cumulative" && shown[0] === 0 && first < panel.end[0]) {
        found.unshift([first, panel[limit][0] * (first + 1) / days]);
      }
      return found.map(([n, value]) => `${x(n).toFixed(1)} ${y(value).toFixed(1)}`);
    }

    function points(group) {
      const rows = inside(group);
      const colour = paint(group);
      const layer = node("g", {});
      const many = rows.length > 60; // as in the printed figure
      for (const k of rows) {
        const height = y(group.value[k]);
        const [a, b] = [x(Math.max(group.start[k], first)), x(Math.min(group.end[k], last))];
        if (group.cumulative && group.low[k] !== null && group.high[k] !== null) {
          node("path", { d: `M${b} ${y(group.low[k])}V${y(group.high[k])}`, style: `stroke: ${colour}` }, layer);
        }
        if (!group.cumulative && group.end[k] > group.start[k]) {
          node("path", { d: `M${a} ${height}H${b}`, style: `stroke: ${colour}; stroke-width: 1.6` }, layer);
        } else {
          mark(group, b, height, many ? 1.6 : 4, layer, many);
        }
      }
    }

    function paint(group) {
      return themed[group.colour] || group.colour;
    }

    function mark(group, cx, cy, r, layer, small = false) {
      const colour = paint(group);
      const style = group.hollow && !small
        ? `fill: none; stroke: ${colour}; stroke-width: 1.3` : `fill: ${colour}`;
      const shape = {
        o: `M${cx - r} ${cy}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
        s: `M${cx - r} ${cy - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
        D: `M${cx} ${cy - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}Z`,
        "^": `M${cx} ${cy - r}l${r} ${2 * r}h${-2 * r}Z`,
        v: `M${cx} ${cy + r}l${r} ${-2 * r}h${-2 * r}Z`,
        P: `M${cx - r} ${cy}h${2 * r}M${cx} ${cy - r}v${2 * r}`,
      }[group.marker];
      const cross = `fill: none; stroke: ${colour}; stroke-width: 1.6`;
      node("path", { d: shape, style: group.marker === "P" ? cross : style }, layer);
    }

    function legend() {
      const entry = (text, drawn) => {
        const item = document.createElement("li");
        const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        icon.setAttribute("viewBox", "0 0 16 12");
        icon.setAttribute("aria-hidden", "true");
        drawn(icon);
        item.append(icon, ` ${text}`);
        return item;
      };
      part("legend").replaceChildren(
        entry("estimate (median)", (icon) =>
          node("path", { d: "M0 6H16", style: "stroke: var(--ink); stroke-width: 2" }, icon)),
        entry(`${data.level} credible interval`, (icon) =>
          node("path", { d: "M0 1H16V11H0Z", style: "fill: var(--faint); fill-opacity: .35" }, icon)),
        ...panel.groups.filter((group) => inside(group).length)
          .map((group) => entry(`${group.label} (${inside(group).length})`, (icon) => mark(group, 8, 6, 4, icon))),
      );
    }

    // Round numbers: 1, 2 or 5 times a power of ten.
    function steps(high, most) {
      const power = 10 ** Math.floor(Math.log10(high / most));
      const step = power * [1, 2, 5, 10].find((m) => m * power * most >= high);
      return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step);
    }

    function powers(least, high) {
      const found = [];
      const ends = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(high))];
      const factors = ends[1] - ends[0] > 3 ? [1] : ends[1] - ends[0] > 1 ? [1, 3] : [1, 2, 3, 5, 7];
      for (let power = ends[0]; power <= ends[1]; power += 1) {
        for (const m of factors) found.push(m * 10 ** power);
      }
      return found.filter((value) => value >= least && value <= high);
    }

    // Days with their labels: starts of days, months or years, as many as there is room for.
    function dates(most) {
      const [a, b] = [new Date(start + first * day), new Date(start + last * day)];
      const months = (b - a) / day / 30.4;
      const label = (date, options) => date.toLocaleDateString("en-GB", { timeZone: "UTC", ...options });
      const found = [];
      if (months < most / 2) {
        const step = Math.max(Math.ceil((last - first + 1) / most), 1);
        for (let n = first; n <= last; n += step) {
          found.push([n, label(new Date(start + n * day), { day: "numeric", month: "short" })]);
        }
        return found;
      }
      const every = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600].find((m) => months / m <= most) || 1200;
      let month = a.getUTCFullYear() * 12 + a.getUTCMonth();
      for (month -= month % every; ; month += every) {
        const date = new Date(Date.UTC(2000, month % 12, 1));
        date.setUTCFullYear(Math.floor(month / 12));
        if (date > b) return found;
        const year = month % 12 === 0;
        if (date >= a) {
          const n = (date - start) / day;
          found.push([n, label(date, year ? { year: "numeric" } : { month: "short" })]);
        }
      }
    }

    // Claims of a week: totals on its days, and periods that have a day of it.
    function claims(i) {
      const found = [];
      const begin = panel.measure === "cumulative" ? (i ? panel.end[i - 1] + 1 : 0) : panel.start[i];
      for (const group of panel.groups) {
        group.end.forEach((end, k) => {
          const here = group.cumulative
            ? end >= begin && end <= panel.end[i] : end >= begin && group.start[k] <= panel.end[i];
          if (here) found.push({ group, k });
        });
      }
      const chosen = (claim) => pointed && claim.group === pointed.group && claim.k === pointed.k;
      return found.sort((a, b) => chosen(b) - chosen(a) || b.group.end[b.k] - a.group.end[a.k]);
    }

    // The last claims before a week that none is about.
    function earlier(i) {
      const begin = panel.measure === "cumulative" ? panel.end[i] : panel.start[i];
      const all = panel.groups.flatMap((group) => group.end.map((_, k) => ({ group, k })));
      return all.filter(({ group, k }) => group.end[k] < begin)
        .sort((a, b) => b.group.end[b.k] - a.group.end[a.k]).slice(0, 3);
    }

    function select(i) {
      at = Math.min(Math.max(i, Number(week.min)), Number(week.max));
      week.value = at;
      const alone = panel.measure !== "cumulative" && panel.start[at] === panel.end[at];
      const unit = { daily: "day", monthly: "month" }[panel.measure] || "week";
      const span = alone ? "day" : unit;
      part("step").textContent = unit[0].toUpperCase() + unit.slice(1);
      const when = panel.measure === "cumulative" ? `to ${words(panel.end[at])}`
        : alone ? `per day, ${words(panel.end[at])}`
          : `per day, ${words(panel.start[at])} to ${words(panel.end[at])}`;
      week.setAttribute("aria-valuetext", when);
      const found = claims(at);
      const [what, value, more] = ["what", "number", "limits"].map(part);
      part("problem").textContent = problem;
      part("near").setAttribute("aria-label", `Claims of this ${span}`);
      what.textContent = `${panel.party}, ${panel.category}, ${when}: `;
      value.textContent = panel.text[at];
      more.textContent = ` (${data.level} interval ${panel.interval[at]}); `
        + `${found.length || "no"} ${found.length === 1 ? "claim" : "claims"} of this ${span}`;
      const items = (found.length ? found : earlier(at)).slice(0, listed).map(entry);
      if (!found.length && items.length) {
        const item = document.createElement("li");
        item.textContent = `The latest before this ${span}:`;
        item.className = "note";
        items.unshift(item);
      }
      if (found.length > listed) {
        const item = document.createElement("li");
        item.className = "note";
        item.textContent = `and ${found.length - listed} more in the table of all claims`;
        items.push(item);
      }
      part("near").replaceChildren(...items);
      const chosen = svg.querySelector(".chosen");
      chosen.replaceChildren();
      const cx = x(middle(at));
      const line = `stroke: var(--ink); stroke-width: 1.2${held ? "" : "; stroke-dasharray: 3 3"}`;
      node("path", { d: `M${cx} ${frame.top}V${frame.bottom}`, style: line }, chosen);
      const spot = "fill: var(--ink)";
      node("circle", { cx, cy: y(panel.median[at]), r: 5, style: spot }, chosen);
      if (pointed) {
        const [px, py] = position(pointed);
        node("circle", { cx: px, cy: py, r: 8, style: "fill: none; stroke: var(--ink); stroke-width: 2" }, chosen);
      }
    }

    function entry({ group, k }) {
      const item = document.createElement("li");
      if (pointed && pointed.group === group && pointed.k === k) item.className = "pointed";
      item.append(`${data.claimants[group.claimant[k]]} (${group.label}): ${group.text[k]}. `);
      fill(item, data.sources[group.source[k]]);
      return item;
    }

    function position({ group, k }) {
      const long = !group.cumulative && group.end[k] > group.start[k];
      const n = long ? Math.min(Math.max(middle(at), group.start[k]), group.end[k]) : group.end[k];
      return [x(n), y(group.value[k])];
    }

    function point(event) {
      const area = svg.getBoundingClientRect();
      const scale = frame.width / area.width;
      const [px, py] = [(event.clientX - area.left) * scale, (event.clientY - area.top) * scale];
      const n = first + ((px - frame.left) / (frame.right - frame.left)) * (last - first);
      let best = near;
      pointed = null;
      for (const group of panel.groups) {
        for (const k of inside(group)) {
          const long = !group.cumulative && group.end[k] > group.start[k];
          const over = long ? Math.max(group.start[k] - n, n - group.end[k], 0) : group.end[k] - n;
          const away = Math.hypot(x(first + over) - frame.left, y(group.value[k]) - py);
          if (away < best) [best, pointed] = [away, { group, k }];
        }
      }
      const long = pointed && !pointed.group.cumulative;
      select(closest(pointed && !long ? pointed.group.end[pointed.k] : n));
    }

    // The week of a day: the first one that ends on it or later.
    function closest(n) {
      const found = panel.end.findIndex((end) => end >= Math.floor(n));
      return found < 0 ? panel.end.length - 1 : found;
    }

    options(party, unique("party", data.panels));
    const measures = unique("measure", data.panels);
    options(measure, measures, measures.map((name) => data.panels.find((p) => p.measure === name).words));
    for (const input of [from, to]) [input.min, input.max] = [iso(0), iso(data.days - 1)];
    const whole = () => { [from.value, to.value] = [iso(0), iso(data.days - 1)]; };
    whole();
    box.hidden = false;
    document.querySelector(".pictures").open = false;
    choose();
    for (const input of [party, category, measure]) input.addEventListener("change", choose);
    for (const input of [from, to]) input.addEventListener("change", limit);
    log.addEventListener("change", limit);
    part("whole").addEventListener("click", () => { whole(); limit(); });
    week.addEventListener("input", () => { pointed = null; select(Number(week.value)); });
    svg.addEventListener("pointermove", (event) => {
      if (!held || event.pointerType !== "mouse") point(event);
    });
    svg.addEventListener("click", (event) => {
      held = !held;
      point(event);
      week.focus({ preventScroll: true });
    });
    new ResizeObserver(() => { if (part("canvas").clientWidth !== frame.width) { draw(); select(at); } })
      .observe(part("canvas"));
  }
}

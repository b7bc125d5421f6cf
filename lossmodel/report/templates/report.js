"use strict";
// A source, given as text, address, further words and archived copy, as in the rows of the page.
function fill(into, [text, url, more, archive]) {
  const link = (href, words) => {
    const made = document.createElement("a");
    [made.href, made.textContent, made.target, made.rel] = [href, words, "_blank", "noopener noreferrer"];
    return made;
  };
  into.append(url ? link(url, text) : text, more);
  if (archive) into.append(" (", link(archive, "archived copy"), ")");
}

// Tables of class "search": sorting by a click on a heading, search by words, paging.
for (const box of document.querySelectorAll(".table.search")) {
  const body = box.querySelector("tbody");
  const step = Math.max(body.rows.length, 1);
  const field = box.querySelector("input");
  const count = box.querySelector("output");
  const more = box.querySelector(".more");
  const heads = [...box.querySelectorAll("th")];
  let rows = [...body.rows].map((tr) => {
    const texts = [...tr.cells].map((c) => c.textContent.trim());
    return { tr, words: plain(texts.join(" ")), keys: texts.map((t, i) => key(t, tr.cells[i].dataset.key)) };
  });
  const block = box.querySelector(".rows");
  if (block) rows = rows.concat(others(JSON.parse(block.textContent)));
  let shown = step;

  // Rows that are data until they are shown.
  function others({ cells, rows, keys }) {
    const texts = cells.map((cell) => (typeof cell === "string" ? cell : cell[0] + cell[2]));
    const words = texts.map(plain);
    const own = texts.map((text) => key(text));
    return rows.map((row, at) => ({
      make: () => made(row.map((n) => cells[n])),
      words: row.map((n) => words[n]).join(" "),
      keys: row.map((n, i) => (keys[i] && keys[i][at] !== null ? keys[i][at] : own[n])),
    }));
  }

  function made(cells) {
    const tr = document.createElement("tr");
    cells.forEach((cell, i) => {
      const td = tr.insertCell();
      if (typeof cell === "string") td.textContent = cell;
      else fill(td, cell);
      if (heads[i].classList.contains("n")) td.className = "n";
      else if (td.textContent.length > 60) td.className = "t";
      else if (td.textContent.length > 24) td.className = "m";
    });
    return tr;
  }

  // 500,000 and 500000 are the same number to whoever looks for it.
  function plain(text) {
    return text.toLowerCase().replace(/(\d),(?=\d{3}(?!\d))/g, "$1");
  }

  // So is 500 000 with any kind of blank. Rows are not read so: in them numbers of two cells meet.
  function asked(text) {
    return plain(text.replace(/(?<![\d.,])\d{1,3}(?:\s\d{3})+(?![\d.,])/g, (found) => found.replace(/\s/g, "")));
  }

  function key(text, given) {
    if (given !== undefined) return Number.isNaN(Number(given)) ? given : Number(given);
    if (text === "" || text === "–") return null;
    return /^[+-]?[\d,]*\.?\d+$/.test(text) ? Number(text.replaceAll(",", "")) : text.toLowerCase();
  }

  function compare(a, b) {
    // Missing values come last in both directions.
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }

  function show() {
    const wanted = asked(field.value).split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => wanted.every((word) => row.words.includes(word)));
    body.replaceChildren(...found.slice(0, shown).map((row) => (row.tr ??= row.make())));
    const part = found.length > shown ? `, the first ${shown} shown` : "";
    count.textContent = `${found.length} of ${rows.length} rows${part}`;
    more.hidden = found.length <= shown;
  }

  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    // In print, text in a heading is repeated on every page, but a button is not.
    head.dataset.name = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      rows = rows
        .map((row, at) => ({ row, at }))
        .sort((a, b) => {
          const [x, y] = [a.row.keys[i], b.row.keys[i]];
          const order = x === null || y === null ? compare(x, y) : sign * compare(x, y);
          return order || a.at - b.at;
        })
        .map(({ row }) => row);
      show();
    });
  });
  field.addEventListener("input", () => { shown = step; show(); });
  more.querySelector("button").addEventListener("click", () => { shown += 5 * step; show(); });
  box.querySelector(".tools").hidden = false;
  show();
}

// Tables that are wider than their place say so.
function measure() {
  for (const box of document.querySelectorAll(".scroll")) {
    box.parentElement.classList.toggle("wide", box.scrollWidth > box.clientWidth + 1);
  }
}
addEventListener("resize", measure);
document.querySelectorAll("details").forEach((box) => box.addEventListener("toggle", measure));
measure();

// Pictures are saved with the colours that they have on a light page.
const colours = JSON.parse(document.querySelector("main").dataset.colours);
for (const button of document.querySelectorAll(".save")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const picture = button.closest("figure").querySelector("svg");
    let text = new XMLSerializer().serializeToString(picture);
    for (const [name, colour] of Object.entries(colours)) text = text.replaceAll(name, colour);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    link.download = `${button.dataset.name}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

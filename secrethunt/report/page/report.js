"use strict";
// While rows come in they are not laid out: the table would be laid out anew for each piece of the file.
document.documentElement.classList.add("scripted");
document.addEventListener("DOMContentLoaded", function () {
  const table = document.getElementById("table");
  if (!table) return;
  const STEP = 500;
  const byId = (id) => document.getElementById(id);
  const heads = new Map();
  const rows = [];
  for (const body of table.tBodies) {
    const head = body.rows[0];
    heads.set(body.dataset.s, head);
    for (const row of Array.from(body.rows).slice(1)) {
      const path = row.cells[2].querySelector(".path").textContent;
      rows.push({
        row, head, path,
        secret: body.dataset.s,
        name: row.cells[1].textContent,
        author: row.cells[6].textContent,
        stateText: row.cells[3].textContent,
        severity: Number(row.dataset.v),
        state: row.dataset.t,
        first: row.dataset.a === "" ? null : Number(row.dataset.a),
        last: row.dataset.z === "" ? null : Number(row.dataset.z),
        line: Number(row.dataset.l),
        verdict: row.dataset.w,
        order: rows.length,
        words: null,
      });
    }
  }
  const words = (item) => {
    if (item.words === null) item.words = (item.row.textContent + " " + item.head.textContent).toLowerCase();
    return item.words;
  };
  const collator = new Intl.Collator("en", { numeric: true });
  const texts = (one, other) => collator.compare(one, other);
  const dates = (one, other) => (one === null ? Infinity : one) - (other === null ? Infinity : other) || 0;
  const compare = {
    severity: (a, b) => a.severity - b.severity,
    secret: (a, b) => texts(a.name, b.name),
    place: (a, b) => texts(a.path, b.path) || a.line - b.line,
    state: (a, b) => texts(a.stateText, b.stateText),
    first: (a, b) => dates(a.first, b.first),
    last: (a, b) => dates(a.last, b.last),
    author: (a, b) => texts(a.author, b.author),
  };
  const view = { key: "", direction: 1, limit: STEP };

  function chosen() {
    const asked = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const least = byId("severity").value === "" ? -1 : Number(byId("severity").value) * 10;
    const state = byId("state").value;
    const verdict = byId("verdict") ? byId("verdict").value : "";
    return rows.filter((item) => item.severity >= least && (state === "" || item.state === state) &&
      (verdict === "" || item.verdict === verdict) && asked.every((word) => words(item).includes(word)));
  }

  function sorted(items) {
    if (view.key === "") return items;
    const by = compare[view.key];
    return items.slice().sort((a, b) => view.direction * by(a, b) || a.order - b.order);
  }

  function grouped(items, by) {
    const groups = new Map();
    for (const item of items) {
      const key = by === "" ? "" : by === "author" ? item.author : item[by];
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(item);
    }
    return groups;
  }

  function heading(by, key, items) {
    if (by === "secret") return heads.get(key);
    const row = document.createElement("tr");
    const cell = document.createElement("th");
    const name = document.createElement(by === "path" ? "code" : "strong");
    const size = document.createElement("span");
    const secrets = new Set(items.map((item) => item.secret)).size;
    row.className = "head";
    cell.scope = "rowgroup";
    cell.colSpan = 7;
    name.textContent = by === "author" && key === "–" ? "not in history" : key;
    size.className = "muted";
    size.textContent = " " + count(items.length, "place") + ", " + count(secrets, "secret");
    cell.append(name, size);
    row.append(cell);
    return row;
  }

  const count = (number, noun) => number.toLocaleString("en") + " " + noun + (number === 1 ? "" : "s");

  function draw() {
    const by = byId("group").value;
    const items = sorted(chosen());
    const groups = grouped(items, by);
    const bodies = [];
    let left = view.limit;
    for (const [key, members] of groups) {
      if (left <= 0) break;
      const body = document.createElement("tbody");
      if (by !== "") body.append(heading(by, key, members));
      for (const item of members.slice(0, left)) body.append(item.row);
      left -= members.length;
      bodies.push(body);
    }
    for (const body of Array.from(table.tBodies)) body.remove();
    table.append(...bodies);
    table.dataset.group = by;
    const shown = Math.min(view.limit, items.length);
    const secrets = new Set(items.map((item) => item.secret)).size;
    let said = count(items.length, "place") + " of " + count(secrets, "secret");
    if (items.length < rows.length) said += ", out of " + count(rows.length, "place");
    if (shown < items.length) said += "; the first " + shown.toLocaleString("en") + " are shown";
    byId("status").textContent = items.length === 0 ? "Nothing matches." : said + ".";
    byId("more").hidden = shown >= items.length;
  }

  function restart() {
    view.limit = STEP;
    draw();
  }

  function sortBy(head) {
    const key = head.dataset.key;
    const down = key === "severity";
    if (view.key === key) view.direction = -view.direction;
    else { view.key = key; view.direction = down ? -1 : 1; }
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", view.direction === 1 ? "ascending" : "descending");
    restart();
  }

  function unsort() {
    view.key = "";
    view.direction = 1;
    for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  }

  // A link to a secret leads to its group, which may not be on the page at the moment.
  function reveal() {
    const id = location.hash.slice(1);
    const secret = id.slice(2);
    if (!id.startsWith("s-") || !heads.has(secret)) return;
    const head = heads.get(secret);
    const show = () => {
      head.querySelector("details").open = true;
      head.scrollIntoView();
      head.querySelector("summary").focus({ preventScroll: true });
    };
    if (head.isConnected) {
      show();
      return;
    }
    byId("controls").reset();
    // After what the reset itself puts off.
    setTimeout(() => {
      view.limit = rows.findLastIndex((item) => item.secret === secret) + STEP;
      draw();
      show();
    });
  }

  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(head));
    head.append(button);
  }
  let waiting = 0;
  byId("filter").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(restart, 120); });
  for (const select of byId("controls").querySelectorAll("select")) select.addEventListener("change", restart);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("controls").addEventListener("reset", () => setTimeout(() => { unsort(); restart(); }));
  byId("more").addEventListener("click", () => { view.limit += 2 * STEP; draw(); });
  window.addEventListener("hashchange", reveal);
  byId("controls").hidden = false;
  draw();
  document.documentElement.classList.remove("scripted");
  reveal();
});

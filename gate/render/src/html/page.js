// Lays out the rows that are embedded in this page. Knows no statistics and no wording: every text and
// every coordinate is in the data. Text reaches the page through text nodes only.
"use strict";
(() => {
  // Rows put on the page at once; more come when they are asked for.
  const BATCH = 200;
  const SVG = "http://www.w3.org/2000/svg";
  // The numbers of each shape in the data, in this order; a text comes last.
  const SHAPES = {
    line: ["x1", "y1", "x2", "y2"],
    rect: ["x", "y", "width", "height"],
    circle: ["cx", "cy", "r"],
    path: ["d"],
    text: ["x", "y"],
  };
  const COLUMNS = [
    { name: "Verdict", key: null },
    { name: "Scenario", key: "scenario", kind: "scenario" },
    { name: "Metric", key: "metric" },
    { name: "Baseline", key: "baseline", by: true, kind: "number side" },
    { name: "Candidate", key: "candidate", by: true, kind: "number side" },
    { name: "Change", key: "change", by: true, descending: true, kind: "number" },
    { name: "Against margin", key: "", kind: "strip" },
    { name: "Limit", key: "limit", by: true, kind: "limit" },
  ];

  const byId = (id) => document.getElementById(id);
  const report = JSON.parse(byId("report").textContent);
  const table = byId("table");
  if (!table) return;

  const state = { words: [], hidden: new Set(), column: COLUMNS[0], descending: false, shown: BATCH };
  const unfolded = new Set();
  let found = [];

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== ""));
    return made;
  }

  // A name that may break after its slashes.
  function breakable(name) {
    const parts = name.split("/");
    const nodes = [];
    parts.forEach((part, at) => {
      if (at > 0) nodes.push(document.createElement("wbr"));
      nodes.push(at + 1 < parts.length ? part + "/" : part);
    });
    return nodes;
  }

  function shape([name, className, parts]) {
    const made = document.createElementNS(SVG, name);
    made.setAttribute("class", className);
    SHAPES[name].forEach((attribute, at) => made.setAttribute(attribute, parts[at]));
    if (name === "text") made.textContent = parts[2];
    return made;
  }

  function drawing(scene, marks, className) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${scene.width} ${scene.height}`);
    svg.setAttribute("class", className);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", scene.label);
    svg.append(...scene.shapes.map(shape), ...marks.map(shape));
    return svg;
  }

  // Where a row stands against its margin; the numbers beside it say the same.
  function strip([low, estimate, high]) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 100 16");
    svg.setAttribute("aria-hidden", "true");
    svg.append(
      shape(["rect", "beyond", [60, 1, 40, 14]]),
      shape(["line", "zero", [40, 1, 40, 15]]),
      shape(["line", "margin", [60, 1, 60, 15]]),
      shape(["line", "interval", [low, 8, high, 8]]),
      shape(["circle", "estimate", [estimate, 8, 3]]),
    );
    return svg;
  }

  // What unfolds.

  function ladder(row) {
    const list = element("dl", "ladder");
    for (const [name, text] of row.ladder) {
      list.append(element("dt", name ? "" : "same", name || "\u00a0"), element("dd", "", text));
    }
    return list;
  }

  function figure(title, ...content) {
    return element("figure", "", element("figcaption", "", title), ...content);
  }

  function smallTable(columns, rows) {
    const head = element("tr", "", ...columns.map(([name, kind]) => {
      const cell = element("th", kind, name);
      cell.scope = "col";
      return cell;
    }));
    const body = rows.map((cells) =>
      element("tr", "", ...cells.map((cell, at) => element("td", columns[at][1], cell))));
    const made = element("table", "frames", element("thead", "", head), element("tbody", "", ...body));
    return scrollable(made, columns[0][0]);
  }

  function scrollable(content, label) {
    const made = element("div", "scroll", content);
    made.tabIndex = 0;
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", label);
    return made;
  }

  // What is known of a scenario, whose name may be one that every object has something under.
  function ofScenario(table, row) {
    return Object.hasOwn(table, row.scenario) ? table[row.scenario] : undefined;
  }

  function cause(row) {
    const known = ofScenario(report.causes, row);
    const parts = [];
    if (known && known.absent !== undefined) {
      parts.push(element("p", "muted", `No profile: ${known.absent}`));
      if (known.command) parts.push(element("p", "", element("code", "", known.command)));
    } else if (known) {
      if (known.grew.length > 0) {
        const cells = known.grew.map((frame) => {
          const name = element("span", "", element("code", "", frame.name));
          if (frame.remark) name.append(element("span", "remark", frame.remark));
          return [name, frame.change, `${frame.baseline} \u2192 ${frame.candidate}`];
        });
        const columns = [["Frames that grew", "name"], ["Per operation", "number"], ["Share of time", "number"]];
        parts.push(smallTable(columns, cells));
      }
      if (known.hotspots.length > 0) {
        const cells = known.hotspots.map((frame) => [element("code", "", frame.name), frame.time, frame.share]);
        parts.push(smallTable([["Hotspots of the candidate", "name"], ["Per operation", "number"], ["Share of time", "number"]], cells));
      }
      parts.push(element("p", "muted", known.from));
    }
    return parts.length > 0 ? [element("h4", "", "Where the time goes"), ...parts] : [];
  }

  function flames(row) {
    return (ofScenario(report.figures, row) || []).map((flame) => {
      const link = element("a", "", "search and zoom");
      if (flame.link) link.href = flame.link;
      if (flame.svg === null) return element("p", "muted", `${flame.title}, too large for this page: `, link);
      // As a picture, so that nothing in it runs.
      const picture = element("img", "flame");
      picture.alt = flame.title;
      picture.src = `data:image/svg+xml,${encodeURIComponent(flame.svg)}`;
      if (!flame.link) return figure(flame.title, picture);
      return figure(element("span", "", `${flame.title}: `, link), picture);
    });
  }

  function detail(row) {
    const title = element("h3", "", ...breakable(row.scenario), " ", row.metric);
    const why = element("p", "why", `${row.verdict}: ${row.why}`);
    const argument = element("section", "", title, why, ladder(row), ...cause(row));
    const figures = element("section", "figures");
    if (row.effect) {
      figures.append(figure("Change against the margin", drawing(row.effect, [], "plot")));
    }
    if (row.curves !== undefined) {
      figures.append(figure("Distribution of single operations", drawing(report.curves[row.curves], row.marks || [], "plot")));
    }
    if (!figures.hasChildNodes()) {
      figures.append(element("p", "muted", "Nothing to draw: the sides were not compared, and no distribution is known."));
    }
    const pictures = flames(row);
    return element("div", "detail", argument, figures,
      pictures.length > 0 ? element("section", "flames", ...pictures) : "");
  }

  // The table.

  function rowElements(at) {
    const row = report.rows[at];
    const button = element("button", "name", ...breakable(row.scenario));
    button.type = "button";
    button.dataset.row = at;
    button.setAttribute("aria-expanded", unfolded.has(at));
    const scenario = element("th", "scenario", button);
    scenario.scope = "row";
    const change = element("td", "number", element("span", "estimate", row.estimate));
    if (row.interval) change.append(element("span", "interval", row.interval));
    const line = element("tr", `row ${row.tone}`,
      element("td", "", element("span", `verdict ${row.tone}`, row.verdict)),
      scenario,
      element("td", "name metric", row.metric),
      element("td", "number side", row.baseline),
      element("td", "number side", row.candidate),
      change,
      element("td", "strip", row.strip ? strip(row.strip) : ""),
      element("td", "limit", row.limit),
    );
    return unfolded.has(at) ? [line, detailElement(at)] : [line];
  }

  function detailElement(at) {
    const cell = element("td", "", detail(report.rows[at]));
    cell.colSpan = COLUMNS.length;
    const line = element("tr", "unfolded", cell);
    line.id = `row-${at}`;
    return line;
  }

  function toggle(button) {
    const at = Number(button.dataset.row);
    const line = button.closest("tr");
    const isOpen = unfolded.delete(at);
    if (isOpen) {
      line.nextElementSibling.remove();
      button.removeAttribute("aria-controls");
    } else {
      unfolded.add(at);
      line.after(detailElement(at));
      button.setAttribute("aria-controls", `row-${at}`);
    }
    button.setAttribute("aria-expanded", !isOpen);
  }

  const body = element("tbody", "");
  const heads = COLUMNS.map((column) => {
    const cell = element("th", column.kind || "");
    cell.scope = "col";
    if (column.key === "") {
      cell.append(column.name);
    } else {
      const button = element("button", "sort", column.name);
      button.type = "button";
      button.addEventListener("click", () => sortBy(column));
      cell.append(button);
    }
    return cell;
  });

  function sortBy(column) {
    const isSame = state.column === column;
    state.descending = isSame ? !state.descending : Boolean(column.descending);
    state.column = column;
    show(BATCH);
  }

  function compare(a, b) {
    const { key, by } = state.column;
    const sign = state.descending ? -1 : 1;
    // The rows are embedded worst first.
    if (key === null) return sign * (a - b);
    const [left, right] = [a, b].map((at) => (by ? report.rows[at].by[key] : report.rows[at][key]));
    if (left === null || right === null) return (left === null) - (right === null) || a - b;
    if (left === right) return a - b;
    return left < right ? -sign : sign;
  }

  function isFound(row) {
    if (state.hidden.has(row.verdict)) return false;
    if (state.words.length === 0) return true;
    const text = `${row.scenario} ${row.metric} ${row.verdict} ${row.why}`.toLowerCase();
    return state.words.every((word) => text.includes(word));
  }

  function show(most) {
    state.shown = most;
    found = report.rows.map((_, at) => at).filter((at) => isFound(report.rows[at])).sort(compare);
    COLUMNS.forEach((column, at) => {
      const direction = state.descending ? "descending" : "ascending";
      if (column === state.column) heads[at].setAttribute("aria-sort", direction);
      else heads[at].removeAttribute("aria-sort");
    });
    body.replaceChildren(...found.slice(0, most).flatMap(rowElements));
    tell();
  }

  function tell() {
    const all = report.rows.length;
    byId("count").textContent = found.length === all ? `${all} rows` : `${found.length} of ${all} rows`;
    const left = found.length - state.shown;
    const more = byId("more");
    more.hidden = left <= 0;
    if (left <= 0) return;
    const button = (text, most) => {
      const made = element("button", "", text);
      made.type = "button";
      made.addEventListener("click", () => {
        const first = state.shown;
        const added = found.slice(first, most).flatMap(rowElements);
        state.shown = most;
        body.append(...added);
        tell();
        added[0].querySelector("button").focus();
      });
      return made;
    };
    more.replaceChildren(
      `${left} more rows. `,
      button(`Show ${Math.min(BATCH, left)} more`, state.shown + BATCH), " ",
      button("Show all", found.length),
    );
  }

  // Filters.

  const filter = byId("filter");
  filter.addEventListener("input", () => {
    state.words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    show(BATCH);
  });
  for (const { verdict, tone, rows } of report.verdicts) {
    const chip = element("button", `chip ${tone}`, `${verdict} `, element("span", "", String(rows)));
    chip.type = "button";
    chip.setAttribute("aria-pressed", "true");
    chip.addEventListener("click", () => {
      const isHidden = state.hidden.delete(verdict);
      if (!isHidden) state.hidden.add(verdict);
      chip.setAttribute("aria-pressed", isHidden);
      show(BATCH);
    });
    byId("chips").append(chip);
  }

  // Hands.

  body.addEventListener("click", (event) => {
    const line = event.target.closest("tr.row");
    // Text that was just selected was meant to be copied.
    if (!line || (!event.target.closest("button") && String(getSelection()))) return;
    toggle(line.querySelector("button"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && document.activeElement !== filter) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && document.activeElement === filter) {
      filter.value = "";
      filter.dispatchEvent(new Event("input"));
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const lines = [...body.querySelectorAll("tr.row")];
      const line = document.activeElement.closest("tr.row");
      if (!line && document.activeElement !== filter) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = line ? lines.indexOf(line) + step : 0;
      event.preventDefault();
      if (next < 0) filter.focus();
      else if (lines[next]) lines[next].querySelector("button").focus();
    }
  });

  const headLine = element("tr", "", ...heads);
  const caption = element("caption", "hidden", "One row per scenario and metric, worst first; a row unfolds to its argument");
  table.append(element("table", "rows", caption, element("thead", "", headLine), body));
  for (const id of ["tools", "keys"]) byId(id).hidden = false;
  show(BATCH);
})();

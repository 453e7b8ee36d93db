// Drives pages of the real binary in headless Chromium. GATE is the binary, CHROMIUM the browser; with SHOTS
// set to a folder, pictures of the pages are left there.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { report } from "./reports.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10" onload="document.title='owned'">
<script>parent.document.title = "owned"</script><image href="http://outside.example/x.png"/><rect width="40" height="10"/></svg>`;
const HOSTILE = [
  "</script><script>document.title='owned'</script>", "<img src=http://outside.example/x onerror=document.title='owned'>",
  "\" autofocus onfocus=\"document.title='owned'", "<!--<script>", "javascript:document.title='owned'",
  "</title></style><iframe srcdoc='<script>parent.document.title=1</script>'>",
];

let browser, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "gate-pages-"));
  mkdirSync(join(folder, "profiles"));
  writeFileSync(join(folder, "profiles/a.svg"), SVG);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

// A page of `document`, with everything that went wrong in it.
async function open(document, options = {}) {
  writeFileSync(join(folder, "verdict.json"), JSON.stringify(document));
  const path = join(folder, "report.html");
  execFileSync(process.env.GATE, ["report", "verdict.json", "--html", path], { cwd: folder });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => problems.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => problems.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => {
    const url = request.url();
    if (url !== pathToFileURL(path).href && !url.startsWith("data:")) problems.push(`request: ${url.slice(0, 200)}`);
  });
  const start = performance.now();
  await page.goto(pathToFileURL(path).href);
  const ms = performance.now() - start;
  return { page, problems, ms, close: () => context.close() };
}

async function shoot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true });
}

const unfold = (page, at) => page.locator("tr.row button").nth(at).click();
const shown = (page) => page.locator("tr.row").count();

async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}

test("the outcome comes first and nothing is asked of a network", async () => {
  const { page, problems, close } = await open(report(200));
  assert.match(await page.locator("h1").innerText(), /^FAIL\s+suite\//);
  assert.match(await page.title(), /^FAIL: suite\//);
  const first = await page.evaluate(() => document.body.innerText.trimStart().slice(0, 4));
  assert.equal(first, "FAIL");
  assert.match(await page.locator("tr.row").first().innerText(), /over budget/);
  assert.equal(await shown(page), 200);
  assert.equal(await page.locator("#count").innerText(), "200 rows");
  await unfold(page, 1);
  await shoot(page, "light");
  assert.deepEqual(problems, []);
  await close();
});

test("rows filter by words and by verdict", async () => {
  const { page, problems, close } = await open(report(200));
  await page.fill("#filter", "area-7 p99");
  assert.equal(await page.locator("#count").innerText(), "10 of 200 rows");
  assert.equal(await shown(page), 10);
  await page.fill("#filter", "no such row");
  assert.equal(await shown(page), 0);
  await page.fill("#filter", "");
  const pass = page.locator(".chip", { hasText: "pass" });
  await pass.click();
  assert.equal(await pass.getAttribute("aria-pressed"), "false");
  assert.equal(await page.locator("tr.row", { hasText: "pass" }).count(), 0);
  assert.equal(await shown(page), 10);
  await pass.click();
  assert.equal(await shown(page), 200);
  assert.deepEqual(problems, []);
  await close();
});

test("columns sort both ways, and what is not there comes last", async () => {
  const { page, close } = await open(report(200));
  const column = async (name, cell) => {
    await page.locator("button.sort", { hasText: name }).click();
    const texts = await page.locator(`tr.row ${cell}`).allInnerTexts();
    return [texts, await page.locator("th[aria-sort]").getAttribute("aria-sort")];
  };
  const number = (text) => (text === "-" ? null : parseFloat(text));
  let [texts, sort] = await column("Change", "span.estimate");
  assert.equal(sort, "descending");
  assert.ok(number(texts[0]) > 7 && number(texts[0]) >= number(texts[1]));
  assert.equal(texts.at(-1), "-");
  [texts, sort] = await column("Change", "span.estimate");
  assert.equal(sort, "ascending");
  assert.ok(number(texts[0]) < -8);
  assert.equal(texts.at(-1), "-");
  [texts] = await column("Scenario", ".scenario");
  assert.deepEqual(texts, [...texts].sort((a, b) => (a < b ? -1 : 1)));
  await column("Verdict", ".verdict");
  assert.match(await page.locator("tr.row").first().innerText(), /over budget/);
  await close();
});

test("a row unfolds to its argument, its drawings and its cause", async () => {
  const { page, problems, close } = await open(report(40));
  const button = page.locator("tr.row button").nth(1);
  await button.click();
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  const detail = page.locator(`#${await button.getAttribute("aria-controls")}`);
  const text = await detail.innerText();
  for (const said of ["measured", "baseline ", "margin", "many rows", "Frames that grew", "block_max_wand", "11% \u2192 23%", "score_block"]) {
    assert.ok(text.includes(said), said);
  }
  const drawings = await detail.locator("svg.plot").evaluateAll((all) => all.map((svg) => svg.getAttribute("aria-label")));
  assert.match(drawings[0], /^Change \+8\.0%/);
  assert.match(drawings[1], /^Distribution of latency: baseline p50 /);
  assert.equal(await detail.locator("svg.plot path.candidate, svg.plot path.baseline").count(), 2);
  assert.ok((await detail.locator(".margin").count()) >= 2 && (await detail.locator("line.interval").count()) >= 2);
  const picture = detail.locator("img.flame");
  assert.ok(await picture.evaluate((img) => img.decode().then(() => img.naturalWidth > 0)));
  assert.equal(await detail.getByRole("link").getAttribute("href"), "profiles/a.svg");
  await button.click();
  assert.equal(await detail.count(), 0);
  assert.equal(await page.title().then((title) => title.startsWith("FAIL")), true);
  assert.deepEqual(problems, []);
  await close();
});

test("figures over time unfold without the script", async () => {
  const { page, problems, close } = await open(report(200), { javaScriptEnabled: false });
  const scenarios = page.locator(".series details");
  assert.equal(await scenarios.count(), 40);
  assert.match(await page.locator(".series").innerText(), /^Over time\n+Shown and not judged\.[^]*\b20 more scenarios\b/);
  const first = scenarios.first();
  assert.equal(await first.locator("svg").first().isVisible(), false);
  await first.locator("summary").click();
  const drawings = first.getByRole("img", { name: / over time: / });
  assert.equal(await drawings.count(), 3);
  assert.match(await first.locator("figcaption").last().innerText(), /Median 401 MB on the baseline, 460 MB on the candidate: 14\.\d+% higher; lower is better\.$/);
  // Who sees no colours sees dashes.
  const dashes = (side) => drawings.last().locator(`path.${side}`).evaluate((path) => getComputedStyle(path).strokeDasharray);
  assert.notEqual(await dashes("baseline"), "none");
  assert.equal(await dashes("candidate"), "none");
  assert.deepEqual(problems, []);
  await close();
});

test("a scenario may be named like what every object has", async () => {
  const document = report(12);
  for (const row of document.rows) row.scenario = "constructor";
  const { page, problems, close } = await open(document);
  await unfold(page, 1);
  assert.equal(await page.locator("tr.unfolded .ladder").count(), 1);
  assert.deepEqual(problems, []);
  await close();
});

test("a flamegraph too large for the page is linked", async () => {
  writeFileSync(join(folder, "profiles/large.svg"), SVG + " ".repeat(2 << 20));
  const document = report(12);
  document.profiles[0].profiles.files.differential = "profiles/large.svg";
  const { page, problems, close } = await open(document);
  await unfold(page, 1);
  const detail = page.locator("tr.unfolded");
  assert.equal(await detail.locator("img.flame").count(), 0);
  assert.equal(await detail.getByRole("link").getAttribute("href"), "profiles/large.svg");
  assert.match(await detail.innerText(), /too large for this page/);
  assert.deepEqual(problems, []);
  await close();
});

test("everything can be done from the keyboard", async () => {
  const { page, close } = await open(report(40));
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.row || document.activeElement.textContent);
  await page.keyboard.press("/");
  assert.equal(await focused(), "filter");
  await page.keyboard.type("case-1");
  assert.equal(await shown(page), 11);
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), 40);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "1");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("tr.unfolded").count(), 1);
  await page.keyboard.press(" ");
  assert.equal(await page.locator("tr.unfolded").count(), 0);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(), "filter");
  await page.keyboard.press("Tab");
  assert.match(await focused(), /over budget/);
  await close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 400]) {
    test(`axe finds nothing in ${colorScheme} at ${width} pixels`, async () => {
      const { page, close } = await open(report(40, "text from outside"), { colorScheme, viewport: { width, height: 900 } });
      await unfold(page, 0);
      await unfold(page, 2);
      await page.locator(".series summary").first().click();
      await page.locator(".chip").last().click();
      await page.mouse.move(0, 0);
      assert.deepEqual(await violations(page), []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels too wide`);
      await shoot(page, `${colorScheme}-${width}`);
      await close();
    });
  }
}

test("text from outside runs nothing", async () => {
  for (const text of HOSTILE) {
    const { page, problems, close } = await open(report(12, text));
    for (const at of [0, 1, 2]) await unfold(page, at);
    await page.locator("img.flame").evaluate((img) => img.decode());
    assert.match(await page.title(), /^FAIL/);
    assert.equal(await page.locator("iframe, body img:not(.flame)").count(), 0);
    assert.ok((await page.locator("body").innerText()).includes(text.slice(0, 20)), text);
    assert.deepEqual(problems, []);
    await close();
  }
});

test("the policy stops what escaping would have missed", async () => {
  const { page, problems, close } = await open(report(12));
  const blocked = page.waitForEvent("requestfailed");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'owned'";
    document.body.append(script);
    const picture = document.createElement("img");
    picture.src = "http://outside.example/x.png";
    document.body.append(picture);
  });
  assert.match(await page.title(), /^FAIL/);
  assert.ok(problems.filter((problem) => problem.includes("Content Security Policy")).length >= 2, problems.join("\n"));
  assert.equal((await blocked).failure().errorText, "csp");
  await close();
});

test("five thousand rows open, filter and sort, 200 at a time", async () => {
  const { page, problems, ms, close } = await open(report(5000));
  assert.equal(await page.locator("#count").innerText(), "5000 rows");
  assert.equal(await shown(page), 200);
  const timed = (act) => page.evaluate((source) => {
    const start = performance.now();
    new Function(source)();
    document.body.getBoundingClientRect();
    return performance.now() - start;
  }, act);
  const filter = await timed("const f = document.getElementById('filter'); f.value = 'area-3'; f.dispatchEvent(new Event('input'))");
  assert.equal(await page.locator("#count").innerText(), "250 of 5000 rows");
  const sort = await timed("[...document.querySelectorAll('.sort')].find((b) => b.textContent === 'Change').click()");
  console.log(`5,000 rows: open ${ms.toFixed(0)} ms, filter ${filter.toFixed(0)} ms, sort ${sort.toFixed(0)} ms`);
  await page.getByRole("button", { name: "Show all" }).click();
  assert.equal(await shown(page), 250);
  await page.fill("#filter", "");
  await page.getByRole("button", { name: "Show 200 more" }).click();
  assert.equal(await shown(page), 400);
  await shoot(page, "rows-5000");
  assert.deepEqual(problems, []);
  await close();
});

test("it prints: no tools, all that was unfolded", async () => {
  const { page, close } = await open(report(40));
  await unfold(page, 1);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#tools").isVisible(), false);
  assert.equal(await page.locator(".ladder").isVisible(), true);
  await shoot(page, "print");
  await close();
});

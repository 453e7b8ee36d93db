// Drives flamegraphs that the real binary draws, as files in headless Chromium: zoom, search, and nothing asked of a
// network. GATE is the binary, CHROMIUM the browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

// The frame's name may end its element, its attribute and its comment, and be an address.
const HOSTILE = "</title><script>document.title='owned'</script>\"'--><image href='http://outside.example/x'/>";

let browser, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "gate-flames-"));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a flamegraph is a file that zooms and searches by itself", async () => {
  const stacks = (score) => `main;search;score ${score}\nmain;search;walk 40\nmain;${HOSTILE} 10\n`;
  writeFileSync(join(folder, "base.folded"), stacks(50));
  writeFileSync(join(folder, "new.folded"), stacks(100));
  execFileSync(process.env.GATE, ["flame", "base.folded", "new.folded", "--out", "flame.svg"], { cwd: folder });
  const url = pathToFileURL(join(folder, "flame.svg")).href;
  const page = await browser.newPage({ viewport: { width: 1280, height: 600 } });
  const problems = [];
  page.on("console", (message) => problems.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => request.url() === url || problems.push(`request: ${request.url().slice(0, 200)}`));
  await page.goto(url);
  assert.match(await page.locator("#title").textContent(), /baseline -> candidate/);
  const frame = (name) => page.locator("#frames > g").filter({ has: page.locator("title", { hasText: new RegExp(`^${name} \\(`) }) }).locator("rect");
  const width = async (name) => (await frame(name).boundingBox()).width;

  const before = await width("score");
  await frame("score").click();
  assert.ok(await width("score") > 1.2 * before, "it fills the width");
  await page.locator("#unzoom").click();
  assert.equal(Math.round(await width("score")), Math.round(before));

  page.once("dialog", (dialog) => dialog.accept("walk"));
  await page.locator("#search").click();
  assert.match(await page.locator("#matched").textContent(), /^Matched: 26\.\d%$/);
  assert.notEqual(await page.title(), "owned");
  assert.deepEqual(problems, []);
  await page.close();
});

// The built gate and the issues of a night: opened once, kept up to date, closed after three nights without.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { BOT, Fake } from './fake.mjs';

let fake;
let folder;

before(async () => {
  fake = await Fake.start();
  folder = await mkdtemp(join(tmpdir(), 'gate-issue-'));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await fake.stop();
});
beforeEach(() => {
  fake.requests.length = 0;
  fake.faults.length = 0;
});

const GOOD = 'a'.repeat(40);
const BAD = 'b'.repeat(40);

/** A trend of night `day` in which `scenario` got slower on the night before, or in which `gone` did not. */
function trend(day, scenario, { isNew = true, to = 55_000, suspect = 'code', from = day - 1, gone } = {}) {
  const night = (commit, on = day) => ({ created: `2026-11-${String(on).padStart(2, '0')}T03:17:00Z`, commit });
  const step = (metric) => ({
    scenario, metric, way: 'worse', suspect, is_new: isNew, score: 9,
    from: { value: 50_000, unit: 'ns' }, to: { value: to, unit: 'ns' }, good: night(GOOD, from - 1), bad: night(BAD, from),
  });
  return {
    format: 'gate.trend/1', exit_code: 'fail', tier: 'nightly', runs: 30, alike: 30, newest: night(BAD), told: 2, untold: 0,
    needed: 17, steps: scenario ? [step('latency.p50'), step('latency.mean')] : [], drifts: [], machines: [],
    rows: gone ? ['latency.p50', 'latency.mean'].map((metric) => ({ scenario: gone, metric, since: night(GOOD, 1) })) : [],
  };
}

/** Runs `gate issue` for a night, as a job without a terminal. */
async function issue(document, flags = []) {
  const path = join(folder, 'trend.json');
  await writeFile(path, JSON.stringify(document));
  const env = { PATH: process.env.PATH, GITHUB_REPOSITORY: 'acme/engine', GITHUB_API_URL: fake.url, GITHUB_TOKEN: 'bot' };
  const child = spawn(process.env.GATE, ['issue', path, ...flags], { cwd: folder, env });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, said };
}

const all = async () => (await fake.ask('maintainer', 'GET', '/repos/acme/engine/issues?state=all&per_page=100')).filter((one) => one.user.login === BOT);
const about = async (scenario) => (await all()).filter((one) => one.title.includes(scenario));
const writes = () => fake.requests.filter((request) => request.method !== 'GET');

test('a step -> one issue with the commits; known nights -> nothing; three nights without -> closed', async () => {
  const opened = await issue(trend(10, 'demo/one'));
  assert.equal(opened.code, 0, opened.said);
  const [first, ...more] = await about('demo/one');
  assert.equal(more.length, 0, 'one issue for all statistics of a metric');
  assert.equal(first.title, 'demo/one latency got worse');
  assert.match(first.body, new RegExp(`compare/${GOOD}\\.\\.\\.${BAD}`));
  assert.deepEqual(first.labels.map((label) => label.name), ['perf-regression']);

  fake.requests.length = 0;
  assert.match((await issue(trend(10, 'demo/one', { isNew: false }))).said, /no issue has to change/);
  assert.deepEqual(writes(), []);

  await issue(trend(11, 'demo/one', { isNew: false, to: 60_000, from: 9 }));
  assert.match((await about('demo/one'))[0].body, /60\.0 us/);

  // Nights that did not look at it tell nothing.
  for (const day of [12, 13, 14]) assert.match((await issue(trend(day, undefined))).said, /no issue has to change/);
  for (const [day, state] of [[15, 'open'], [15, 'open'], [16, 'open'], [17, 'closed']]) {
    const told = await issue(trend(day, undefined, { gone: 'demo/one' }));
    assert.equal(told.code, 0, told.said);
    assert.equal((await about('demo/one'))[0].state, state, `night ${day}`);
  }
  assert.match((await about('demo/one'))[0].body, /Recovered: not seen in 3 nights/);
  assert.equal((await about('demo/one')).length, 1);

  // It was not gone after all.
  assert.match((await issue(trend(18, 'demo/one', { isNew: false, from: 9 }))).said, /opened again/);
  assert.deepEqual((await about('demo/one')).map((one) => one.state), ['open']);
});

test('what was bisected stands in the issue, and stays there', async () => {
  const revision = (commit, subject) => ({ commit, subject });
  const bisected = {
    format: 'gate.bisect/1', exit_code: 'pass', scenario: 'demo/six', metric: 'latency.p50', commits: 9, found: 'commit',
    good: revision(GOOD, 'first'), bad: revision(BAD, 'last'), from: revision('d'.repeat(40), 'before'),
    to: revision('c'.repeat(40), 'slower @everyone'), suspects: 1,
    steps: [{ revision: revision(BAD, 'last'), answer: 'worse' }, { revision: revision(GOOD, 'x'), answer: 'skipped', how: '@everyone' }],
  };
  const path = join(folder, 'bisected.json');
  await writeFile(path, JSON.stringify(bisected));
  await issue(trend(10, 'demo/six'));
  assert.doesNotMatch((await about('demo/six'))[0].body, /Bisected/);
  const told = await issue(trend(10, 'demo/six'), ['--bisected', path]);
  assert.equal(told.code, 0, told.said);
  const line = /^Bisected to `cccccccccc`: `slower @everyone`\. Measured, each against `\w{10}`: `\w{10}` worse, `\w{10}` skipped \(`@everyone`\)\.$/m;
  assert.match((await about('demo/six'))[0].body, line);
  await issue(trend(11, 'demo/six', { isNew: false, to: 60_000 }));
  const [kept, ...more] = await about('demo/six');
  assert.equal(more.length, 0);
  assert.match(kept.body, line);
  assert.match(kept.body, /60\.0 us/);
  assert.match((await issue(trend(11, 'demo/seven'), ['--bisected', path])).said, /is no step that stands/);
  assert.equal((await issue(trend(11, 'demo/six'), ['--bisected', join(folder, 'trend.json')])).code, 2);
});

test('what a person closed is not opened again; what the machine did is not filed', async () => {
  await issue(trend(10, 'demo/two'));
  const [{ number }] = await about('demo/two');
  await fake.ask('maintainer', 'PATCH', `/repos/acme/engine/issues/${number}`, { state: 'closed' });
  await issue(trend(11, 'demo/two', { isNew: false, from: 9 }));
  assert.equal((await about('demo/two')).length, 1);
  await issue(trend(20, 'demo/two', { from: 18 }));
  assert.equal((await about('demo/two')).length, 2, 'another step is another issue');
  await issue(trend(11, 'demo/three', { suspect: 'everything' }));
  assert.deepEqual(await about('demo/three'), []);
  const [machine, ...more] = await about('The machine');
  assert.equal(more.length, 0);
  assert.deepEqual(machine.labels.map((label) => label.name), ['perf-host-drift']);
  assert.match(machine.body, /`demo\/three latency\.p50` worse.*so did most timings/);
});

test('a step that is held is no issue until it is confirmed', async () => {
  const held = join(folder, 'held.txt');
  const told = await issue(trend(10, 'demo/nine'), ['--hold', held]);
  assert.equal(told.code, 0, told.said);
  assert.match(told.said, /held back: demo\/nine latency got worse/);
  assert.deepEqual(writes(), []);
  assert.equal(await readFile(held, 'utf8'), `${GOOD} ${BAD} 5.0000% demo/nine latency.p50\n`);
  const empty = await mkdtemp(join(folder, 'measured-'));
  assert.match((await issue(trend(11, 'demo/nine', { isNew: false, from: 9 }), ['--bisected', empty])).said, /held back/);
  assert.match((await issue(trend(11, 'demo/nine'), ['--bisected', empty])).said, /opened/);
  assert.match((await about('demo/nine'))[0].body, /Not confirmed by a fresh measurement: none was taken that night\./);
});

test('an issue that GitHub did not take is opened by the next night', async () => {
  fake.faults.push({ on: (r) => r.method === 'POST', status: 403, body: '{"message": "Resource not accessible"}' });
  assert.equal((await issue(trend(10, 'demo/eight'))).code, 4);
  await issue(trend(11, 'demo/eight', { isNew: false, from: 9 }));
  assert.equal((await about('demo/eight')).length, 1);
});

test('502 after the issue was opened -> one issue', async () => {
  fake.faults.push({ on: (r) => r.method === 'POST' && r.path.endsWith('/issues'), after: true, status: 502, body: '<html>' });
  const told = await issue(trend(10, 'demo/four'));
  assert.equal(told.code, 0, told.said);
  assert.equal((await about('demo/four')).length, 1);
});

test('--dry-run writes nothing; no permission -> exit 4; no trend -> exit 2', async () => {
  const dry = await issue(trend(10, 'demo/five'), ['--dry-run']);
  assert.match(dry.said, /would be opened: demo\/five latency got worse/);
  assert.deepEqual(writes(), []);
  fake.faults.push({ on: (r) => r.method === 'POST', status: 403, body: '{"message": "Resource not accessible"}' });
  const refused = await issue(trend(10, 'demo/five'));
  assert.equal(refused.code, 4);
  assert.match(refused.said, /issues: write/);
  assert.equal((await issue({})).code, 2);
});

// The built gate, driven as GitHub would: event file, artifact, API.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { BOT, Fake } from './fake.mjs';
import { BASE, artifact, profile, profiles, run, zip } from './runs.mjs';

const GATE = process.env.GATE;
const POLICY = '[[rule]]\nmetric = "latency"\nmargin = "3%"\n';

let fake;
let folder;
let branches = 0;

before(async () => {
  fake = await Fake.start();
});
after(() => fake.stop());

beforeEach(async (context) => {
  folder = await mkdtemp(join(tmpdir(), 'gate-publish-'));
  context.after?.(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'baselines'));
  await writeFile(join(folder, 'baselines/gate.toml'), POLICY);
  fake.requests.length = 0;
  fake.blobs.length = 0;
  fake.faults.length = 0;
  fake.blobFault = undefined;
});

/** Runs `gate publish` for an event, as a job without a terminal. */
async function publish(payload, { flags = [], env = {} } = {}) {
  const event = join(folder, 'event.json');
  const summary = join(folder, 'summary.md');
  await writeFile(event, typeof payload === 'string' ? payload : JSON.stringify(payload));
  await writeFile(summary, '');
  const child = spawn(GATE, ['publish', ...flags], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      GITHUB_EVENT_PATH: event,
      GITHUB_REPOSITORY: 'acme/engine',
      GITHUB_API_URL: fake.url,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_RUN_ID: '4242',
      GITHUB_TOKEN: 'bot',
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stdout, stderr, summary: await readFile(summary, 'utf8') };
}

/** A pull request whose run measured something `slower`. */
async function measured({ slower = 0, from, files, ...more } = {}) {
  const pull = await fake.open(`topic-${(branches += 1)}`, from);
  const packed = await zip(files ?? artifact({ head: pull.head.sha, slower }));
  return { pull, payload: fake.measured(pull, { zip: packed, ...more }) };
}

/** Our comments on a pull request. */
const ours = async (pull) => (await fake.comments(pull.number)).filter((comment) => comment.user.login === BOT);
const writes = () => fake.requests.filter((request) => request.method !== 'GET');
const onComment = (method) => (request) => request.method === method && request.path.includes('/comments');

test('open pull request -> comment and failing check; push a fix -> the same comment turns green', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const red = await publish(payload);
  assert.equal(red.code, 1, red.stderr);
  assert.match(red.stdout, /^FAIL: demo\/search latency is 20.* slower/);
  const [first, ...more] = await ours(pull);
  assert.equal(more.length, 0);
  assert.match(first.body, /^<!-- gate:v1 run=\d+\.1 head=[0-9a-f]{40} text=[0-9a-f]{16} -->\n### ❌ FAIL: /);
  assert.match(first.body, /❌ \*\*regressed\*\*/);
  assert.match(red.summary, /^### ❌ FAIL: /);
  const [check] = await fake.checksOf(pull.head.sha);
  assert.equal(check.conclusion, 'failure');
  assert.equal(check.name, 'gate');
  assert.equal(check.details_url, 'https://github.com/acme/engine/actions/runs/4242');

  await fake.ask('maintainer', 'PUT', `/repos/acme/engine/pulls/${pull.number}/update-branch`, {});
  const fixed = await fake.pull(pull.number);
  assert.notEqual(fixed.head.sha, pull.head.sha);
  const packed = await zip(artifact({ head: fixed.head.sha }));
  const green = await publish(fake.measured(fixed, { zip: packed }));
  assert.equal(green.code, 0, green.stderr);
  const after = await ours(pull);
  assert.deepEqual(after.map((comment) => comment.id), [first.id]);
  assert.match(after[0].body, /\n### ✅ PASS: /);
  assert.equal((await fake.checksOf(fixed.head.sha))[0].conclusion, 'success');
});

test('publishing again says nothing new', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  await publish(payload);
  fake.requests.length = 0;
  const again = await publish(payload);
  assert.equal(again.code, 1);
  assert.match(again.stdout, /check run said so already; comment said so already/);
  assert.deepEqual(writes(), []);
  assert.equal((await ours(pull)).length, 1);
});

test('green and no comment: silent, unless comments are always wanted', async () => {
  const { pull, payload } = await measured();
  const quiet = await publish(payload);
  assert.equal(quiet.code, 0, quiet.stderr);
  assert.deepEqual(await ours(pull), []);
  assert.equal((await fake.checksOf(pull.head.sha))[0].conclusion, 'success');
  await publish(payload, { flags: ['--comment', 'always'] });
  const [comment] = await ours(pull);
  assert.ok(comment.body.split('\n').length < 10, comment.body);
  const never = await measured({ slower: 0.2 });
  assert.equal((await publish(never.payload, { flags: ['--comment', 'never'] })).code, 1);
  assert.deepEqual(await ours(never.pull), []);
});

test('comment deleted -> created once; deleted twice for this head -> silent', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  for (const expected of [1, 1, 0]) {
    const published = await publish(payload);
    assert.equal(published.code, 1, published.stderr);
    const comments = await ours(pull);
    assert.equal(comments.length, expected, published.stdout);
    for (const { id } of comments) await fake.ask('bot', 'DELETE', `/repos/acme/engine/issues/comments/${id}`);
  }
});

test('404 comment on PATCH (deleted meanwhile) -> created once', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  await publish(payload);
  const packed = await zip(artifact({ head: pull.head.sha, slower: 0.4 }));
  const again = fake.measured(pull, { zip: packed });
  const [comment] = await ours(pull);
  fake.faults.push({ on: (request) => {
    if (!onComment('PATCH')(request)) return false;
    fake.gone = fake.ask('bot', 'DELETE', `/repos/acme/engine/issues/comments/${comment.id}`);
    return true;
  }, status: 404, body: '{"message": "Not Found"}' });
  const published = await publish(again);
  await fake.gone;
  assert.equal(published.code, 1, published.stderr);
  assert.equal((await ours(pull)).length, 1);
});

test('fork: published, and its numbers are called claims; the store never sees the token', async () => {
  const { pull, payload } = await measured({ slower: 0.2, from: 'stranger' });
  assert.equal(pull.head.repo.full_name, 'stranger/engine');
  const published = await publish(payload);
  assert.equal(published.code, 1, published.stderr);
  const [comment] = await ours(pull);
  assert.match(comment.body, /claims of a fork's code, unverified/);
  assert.deepEqual(fake.blobs.map((blob) => blob.token), [null]);
  assert.ok(fake.requests.every((request) => request.token === 'Bearer bot'));
  assert.doesNotMatch(published.stdout + published.stderr + published.summary, /Bearer|\bbot\b/);
});

test('a pull request number in the event or the artifact is never asked for', async () => {
  const other = await measured();
  const { pull, payload } = await measured({
    slower: 0.2,
    change: (event) => {
      event.workflow_run.pull_requests = [{ number: other.pull.number }];
      event.pull_request = { number: other.pull.number };
    },
  });
  assert.equal((await publish(payload)).code, 1);
  assert.equal((await ours(pull)).length, 1);
  assert.deepEqual(await ours(other.pull), []);
});

const rejected = async (name, files, rule, bytes) => {
  const { pull, payload } = await measured({ slower: 0.2, files, ...(bytes && {}) });
  if (bytes) fake.artifacts.get(payload.workflow_run.id)[0].zip = bytes;
  const published = await publish(payload);
  const [check] = await fake.checksOf(pull.head.sha);
  assert.equal(published.code, 2, `${name}: ${published.stdout}${published.stderr}`);
  assert.equal(check.conclusion, 'neutral', name);
  assert.match(check.output.title, new RegExp(`rejected \\(rule ${rule}\\)`), name);
  const [comment] = await ours(pull);
  for (const text of [check.output.title, check.output.summary, comment.body, published.stdout, published.stderr, published.summary]) {
    assert.doesNotMatch(text, /evil|@org|\u202e/i, name);
  }
};

test('hostile names and bytes -> neutral check, nothing echoed', async () => {
  const evil = (scenario) => ({
    'baseline.json': JSON.stringify(run({ commit: 'x', ns: 1, sessions: 1, scenarios: [scenario] })),
    'candidate.json': JSON.stringify(run({ commit: 'x', ns: 1, sessions: 1, scenarios: [scenario] })),
  });
  await rejected('mention', evil('evil/@org/team'), 'name');
  await rejected('bidi', evil('evil\u202e'), 'document');
  await rejected('pipe', evil('evil | a'), 'document');
  await rejected('newline', evil('evil\n# a'), 'document');
  await rejected('unknown entry', { 'evil.html': '<script>' }, 'zip-name');
  await rejected('zip slip', { '../../evil.json': '{}' }, 'zip-name');
  await rejected('bomb', { 'baseline.json': ' '.repeat(20 << 20) }, 'zip-inflate');
  await rejected('incomplete', { 'verdict.json': '{"outcome": "pass", "evil": 1}' }, 'incomplete');
  await rejected('not a zip', undefined, 'zip-form', Buffer.from('evil'));
});

/** A regression with these files beside its runs, published. */
async function profiled(more) {
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const files = { ...artifact({ head: pull.head.sha, slower: 0.2 }), ...more(pull.head.sha) };
  const published = await publish(fake.measured(pull, { zip: await zip(files) }));
  const [comment] = await ours(pull);
  return { published, comment };
}

const evil = 'evil::<img src=x>|`@org/team`';

test('the frames that grew stand in comment and summary, with times of the runs that were judged', async () => {
  const sides = (head) => profiles(
    profile({ commit: BASE, stacks: { 'main;copy': 4000, 'main;sort': 6000 } }),
    profile({ commit: head, stacks: { 'main;copy': 3400, [`main;${evil}`]: 2100, 'main;sort': 5000 } }),
  );
  const { published, comment } = await profiled(sides);
  assert.equal(published.code, 1, published.stderr);
  for (const text of [comment.body, published.summary]) {
    // 20 % of 60 us, and not of the 1 ns that the profiles claim.
    assert.match(text, /\*\*Cause:\*\* `demo\/search`\n\n- grew: `` evil::<img src=x>\|`@org\/team` `` 0\.0 µs → 12\.0 µs per operation \(0% → 20% of the time\)/);
  }
});

test('a broken profile costs the frames, not the verdict, and nothing of it is echoed', async () => {
  const stacks = { [`main;${evil}`]: 10 };
  const sound = profile({ commit: BASE, stacks });
  for (const [name, candidate, rule] of [
    ['not packed', () => Buffer.from(evil), 'profile-form'],
    ['of another commit', () => profile({ commit: BASE, stacks }), 'profile-of'],
    ['of another scenario', (head) => profile({ commit: head, stacks, scenario: 'evil' }), 'profile-of'],
    ['too large', (head) => Buffer.concat([profile({ commit: head, stacks }), randomBytes(128 << 10)]), 'profile-size'],
  ]) {
    const { published, comment } = await profiled((head) => profiles(sound, candidate(head)));
    assert.equal(published.code, 1, `${name}: ${published.stderr}`);
    assert.match(comment.body, new RegExp(`- no profile: .a profile of the measuring run breaks rule ${rule}.`), name);
    for (const text of [comment.body, published.stdout, published.stderr, published.summary]) assert.doesNotMatch(text, /evil/, name);
  }
  const { comment } = await profiled(() => ({}));
  assert.match(comment.body, /- no profile: .the measuring run kept none; its log says why/);
});

// Takes as many nanoseconds as a file says, and leaves a profile of them.
const BENCH = `set -e
if [ -n "\${GATE_PROFILE:-}" ]; then
    printf 'main;compare %d\\nmain;copy 6000\\n' $(($(cat level) / 250)) > "$GATE_PROFILE"
fi
echo "{\\"demo/sort\\": {\\"time_ns\\": $(cat level)}}" > "$GATE_OUT.flat"
gate import flat "$GATE_OUT.flat" --out "$GATE_OUT"
`;

test('what the action measures is what publishing reads, frames included', async () => {
  const policy = '[measure]\ncommand = "sh bench.sh"\npairs = 3\nrerun-pairs = 3\n';
  await writeFile(join(folder, 'baselines/gate.toml'), policy);
  const [project, temp] = [join(folder, 'project'), join(folder, 'temp')];
  await mkdir(join(project, 'baselines'), { recursive: true });
  await mkdir(temp);
  await writeFile(join(project, 'baselines/gate.toml'), policy);
  await writeFile(join(project, 'bench.sh'), BENCH);
  const git = (...args) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: project, encoding: 'utf8' }).trim();
  const commit = async (level) => {
    await writeFile(join(project, 'level'), `${level}\n`);
    git('add', '--all');
    git('commit', '--quiet', '--message', `level ${level}`);
    return git('rev-parse', 'HEAD');
  };
  git('init', '--quiet');
  // Not whole milliseconds: a clock that only shows those cannot tell 1 from 2.
  const [base, head] = [await commit(1_000_003), await commit(2_000_003)];
  const env = {
    PATH: process.env.PATH, HOME: temp, GATE, BASE: base, CANDIDATE: head, STRICT: 'false', UNDECIDED: 'warn',
    RUNNER_TEMP: temp, GITHUB_OUTPUT: join(temp, 'output'), GITHUB_STEP_SUMMARY: join(temp, 'summary'),
  };
  const check = spawnSync(resolve('../../.github/actions/gate/check'), { cwd: project, env, encoding: 'utf8' });
  assert.equal(check.status, 1, check.stderr);

  const runs = join(temp, 'gate-runs');
  const left = (await readdir(runs, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  const files = {};
  for (const { parentPath, path, name } of left) {
    const file = join(parentPath ?? path, name);
    files[file.slice(runs.length + 1)] = await readFile(file);
  }
  const run = fake.measured({ head: { ref: 'topic', sha: head, repo: fake.repository } }, { zip: await zip(files), event: 'merge_group' });
  const published = await publish(run, { flags: ['--dry-run'] });
  assert.equal(published.code, 1, published.stderr);
  assert.match(published.summary, /\*\*Cause:\*\* `demo\/sort`\n\n- grew: `compare` 0\.400 ms → 1\.143 ms per operation \(40% → 57% of the time\)/);
});

test('of names that the baseline does not declare 50 are shown', async () => {
  const known = run({ commit: BASE, ns: 50_000, sessions: 1 });
  await writeFile(join(folder, 'baselines/main.json'), JSON.stringify(known));
  const scenarios = ['demo/search', ...Array.from({ length: 70 }, (_, i) => `new/case-${i}`)];
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const packed = await zip(artifact({ head: pull.head.sha, slower: 0.2, scenarios }));
  const published = await publish(fake.measured(pull, { zip: packed }));
  assert.equal(published.code, 1, published.stderr);
  const [comment] = await ours(pull);
  for (const text of [comment.body, published.summary]) {
    assert.match(text, /New to the default branch: 70 names/);
    assert.match(text, /20 more, with 20 rows, are counted above and left out/);
    assert.equal(new Set(text.match(/new\/case-\d+/g)).size, 50);
  }
});

/** A run of `scenarios` alone, published where the baseline declares demo/a and demo/b. */
async function leavingOut(scenarios, { policy = POLICY, tier = 'pr', flags = [] } = {}) {
  const promoted = run({ commit: BASE, ns: 50_000, sessions: 6, scenarios: ['demo/a', 'demo/b'] });
  await writeFile(join(folder, 'baselines/main.json'), JSON.stringify(promoted));
  await writeFile(join(folder, 'baselines/gate.toml'), policy);
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const files = artifact({ head: pull.head.sha, scenarios });
  for (const side of ['baseline.json', 'candidate.json']) {
    const document = JSON.parse(files[side]);
    document.manifest.tier = tier ?? undefined;
    files[side] = JSON.stringify(document);
  }
  const published = await publish(fake.measured(pull, { zip: await zip(files) }), { flags });
  const [check] = await fake.checksOf(pull.head.sha);
  return { pull, published, check };
}

test('benchmark missing: listed, with the way to retire it; a failure in blocking mode only', async () => {
  for (const [flags, code, word, conclusion] of [
    [[], 3, 'UNDECIDED', 'neutral'],
    [['--blocking'], 1, 'FAIL', 'failure'],
  ]) {
    const { pull, published, check } = await leavingOut(['demo/zz'], { flags });
    assert.equal(published.code, code, published.stdout + published.stderr);
    assert.equal(check.conclusion, conclusion);
    assert.match(check.output.title, new RegExp(`^${word}: demo/[ab] latency.* missing`));
    const [comment] = await ours(pull);
    for (const text of [comment.body, check.output.summary, published.summary]) {
      for (const name of ['demo/a', 'demo/b']) assert.ok(text.includes(`\`${name}\``), text);
      assert.match(text, /in the promoted baseline, but neither side declares it/);
      assert.match(text, /to retire it, give it .{1,3}mode = "report"/);
    }
  }
});

test('benchmark missing in head, renamed, new: listed', async () => {
  const base = (scenarios) => JSON.stringify(run({ commit: BASE, ns: 50_000, sessions: 6, scenarios }));
  const head = (commit, scenarios) => JSON.stringify(run({ commit, ns: 50_000, sessions: 2, scenarios }));
  for (const [there, flags, code, words] of [
    [['demo/a', 'demo/b'], [], 3, /demo\/b.*missing/],
    [['demo/a', 'demo/b'], ['--blocking'], 1, /demo\/b.*missing/],
    [['demo/a'], [], 0, /`demo\/c` \| `latency`/],
  ]) {
    const here = code === 0 ? ['demo/a', 'demo/c'] : ['demo/a', 'demo/renamed'];
    const pull = await fake.open(`topic-${(branches += 1)}`);
    const files = { 'baseline.json': base(there), 'candidate.json': head(pull.head.sha, here) };
    const published = await publish(fake.measured(pull, { zip: await zip(files) }), { flags });
    assert.equal(published.code, code, published.stdout + published.stderr);
    assert.match(published.summary, words);
    assert.match(published.summary, /\*\*added\*\*/);
  }
});

test('what both sides of a run declare otherwise than the baseline, or the base leaves out, passes nothing', async () => {
  const promoted = () => run({ commit: BASE, ns: 50_000, sessions: 6, scenarios: ['demo/a', 'demo/b'] });
  const easy = (document) => { document.manifest.scenarios[0].params = { items: 10 }; };
  for (const [name, change, words] of [
    ['alike', () => {}, undefined],
    ['easy on both sides', (base, head) => [base, head].forEach(easy), /its parameter `items` is not that of the promoted baseline/],
    ['left out of the base', (base) => {
      base.manifest.scenarios.shift();
      for (const session of base.sessions) session.scenarios.shift();
    }, /in the promoted baseline, but the base does not declare it/],
  ]) {
    await writeFile(join(folder, 'baselines/main.json'), JSON.stringify(promoted()));
    const pull = await fake.open(`topic-${(branches += 1)}`);
    const [base, head] = [promoted(), { ...promoted(), source: { commit: pull.head.sha, dirty: false } }];
    for (const session of head.sessions) session.id += '-head';
    change(base, head);
    const files = { 'baseline.json': JSON.stringify(base), 'candidate.json': JSON.stringify(head) };
    const published = await publish(fake.measured(pull, { zip: await zip(files) }));
    const [check] = await fake.checksOf(pull.head.sha);
    assert.equal(published.code, words ? 3 : 0, `${name}: ${published.stdout}${published.stderr}`);
    assert.equal(check.conclusion, words ? 'neutral' : 'success', name);
    if (words) for (const text of [check.output.summary, published.summary]) assert.match(text, words, name);
  }
});

test('baseline from another host -> undecided, with the field that differs', async () => {
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const files = artifact({ head: pull.head.sha, slower: 0.2 });
  const base = JSON.parse(files['baseline.json']);
  base.environment.fingerprint.cpu_model = 'Xeon';
  const packed = await zip({ ...files, 'baseline.json': JSON.stringify(base) });
  const published = await publish(fake.measured(pull, { zip: packed }));
  assert.equal(published.code, 3, published.stdout + published.stderr);
  const [check] = await fake.checksOf(pull.head.sha);
  assert.equal(check.conclusion, 'neutral');
  for (const text of [check.output.summary, published.summary]) assert.match(text, /`cpu_model` differs/);
});

test('what the policy of the default branch retires is not missed', async () => {
  const policy = `${POLICY}[[rule]]\nscenario = "demo/a"\nmode = "report"\n`;
  const { published, check } = await leavingOut(['demo/b'], { policy });
  assert.equal(published.code, 0, published.stdout + published.stderr);
  assert.equal(check.conclusion, 'success');
});

test('a run of another tier than the baseline passes nothing', async () => {
  for (const [tier, flags, expected] of [['full', [], 'neutral'], ['full', ['--blocking'], 'action_required'], [null, [], 'neutral']]) {
    const { published, check } = await leavingOut(['demo/a', 'demo/b'], { tier, flags });
    assert.equal(published.code, 3, published.stdout + published.stderr);
    assert.equal(check.conclusion, expected);
    assert.match(check.output.title, /^UNDECIDED: the measured runs are of another tier/);
  }
});

test('a broken or newer file of the default branch -> a check that says so, and nothing is judged', async () => {
  const main = (change) => {
    const promoted = run({ commit: BASE, ns: 50_000, sessions: 6 });
    change(promoted);
    return JSON.stringify(promoted);
  };
  for (const [name, file, text, code] of [
    ['newer baseline', 'main.json', main((promoted) => { promoted.format = 'gate.run/2'; }), 'G103'],
    ['broken baseline', 'main.json', '{', 'G102'],
    ['unknown key of the policy', 'gate.toml', '[[rule]]\nmetricc = 1\n', 'G2\\d\\d'],
    ['broken waivers', 'waivers.toml', '[[waiver]]\n', 'G\\d+'],
  ]) {
    const path = join(folder, 'baselines', file);
    await writeFile(path, text);
    for (const [flags, expected] of [[[], 'neutral'], [['--blocking'], 'action_required']]) {
      const { pull, payload } = await measured({ slower: 0.2 });
      const published = await publish(payload, { flags });
      assert.equal(published.code, 2, `${name}: ${published.stderr}`);
      assert.ok(published.stderr.includes(`baselines/${file}`), published.stderr);
      const [check] = await fake.checksOf(pull.head.sha);
      assert.equal(check.conclusion, expected, name);
      assert.match(check.output.title, new RegExp(`^UNDECIDED: a file of the default branch .* cannot be used \\(${code}\\)$`), name);
      const [comment] = await ours(pull);
      for (const said of [comment.body, published.summary]) assert.doesNotMatch(said, /demo|slower/, name);
    }
    await (file === 'gate.toml' ? writeFile(path, POLICY) : rm(path));
  }
});

test('a run built from another commit is rejected', async () => {
  const { pull, payload } = await measured({ files: artifact({ head: 'f'.repeat(40) }) });
  assert.equal((await publish(payload)).code, 2);
  assert.match((await fake.checksOf(pull.head.sha))[0].output.title, /rule source/);
});

test('a baseline that is not of the base of the pull request is rejected', async () => {
  const published = async (commit, more) => {
    const pull = await fake.open(`topic-${(branches += 1)}`);
    const files = artifact({ head: pull.head.sha });
    const baseline = JSON.parse(files['baseline.json']);
    baseline.source.commit = commit ?? pull.head.sha;
    const packed = await zip({ ...files, 'baseline.json': JSON.stringify(baseline) });
    const { code, stderr } = await publish(fake.measured(pull, { zip: packed, ...more }));
    return { code, stderr, check: (await fake.checksOf(pull.head.sha))[0] };
  };
  const [older, ahead, foreign] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
  for (const [commit, status] of [[older, 'behind'], [ahead, 'ahead'], [foreign, 'diverged']]) fake.ancestors.set(commit, status);
  for (const [name, commit] of [['the head', undefined], ['unknown', 'f'.repeat(40)], ['of the change', ahead], ['of another branch', foreign]]) {
    const { code, stderr, check } = await published(commit);
    assert.equal(code, 2, `${name}: ${stderr}`);
    assert.equal(check.conclusion, 'neutral', name);
    assert.match(check.output.title, /rule base/, name);
  }
  assert.equal((await published(older)).code, 0);
  // What stands before a change in a queue need not be on a branch yet.
  assert.equal((await published(foreign, { event: 'merge_group' })).code, 0);
  assert.equal((await published(undefined, { event: 'merge_group' })).code, 2);
});

test('wrong digest -> neutral check', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  fake.artifacts.get(payload.workflow_run.id)[0].digest = `sha256:${'0'.repeat(64)}`;
  assert.equal((await publish(payload)).code, 2);
  assert.match((await fake.checksOf(pull.head.sha))[0].output.title, /rule digest/);
});

test('two artifacts of one name -> neutral check', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const artifacts = fake.artifacts.get(payload.workflow_run.id);
  artifacts.push({ ...artifacts[0], id: artifacts[0].id + 500 });
  assert.equal((await publish(payload)).code, 2);
  assert.match((await fake.checksOf(pull.head.sha))[0].output.title, /rule artifact/);
});

test('404 artifact (expired, deleted), 410 from the store with bytes in the answer -> results expired, rerun', async () => {
  const onZip = (request) => request.path.endsWith('/zip');
  for (const [name, spoil] of [
    ['410 from the store with bytes', ({ zip }) => { fake.blobFault = (_, to) => to.writeHead(410).end(zip); }],
    ['404 from the store', () => { fake.blobFault = (_, to) => to.writeHead(404).end('<Error/>'); }],
    ['404 from the API', () => fake.faults.push({ on: onZip, times: 2, status: 404, body: '{"message": "Not Found"}' })],
    ['410 from the API', () => fake.faults.push({ on: onZip, status: 410, body: '{"message": "Artifact has expired"}' })],
    ['expired in the list', (artifact) => { artifact.expired = true; }],
  ]) {
    fake.blobFault = undefined;
    const { pull, payload } = await measured({ slower: 0.2 });
    spoil(fake.artifacts.get(payload.workflow_run.id)[0]);
    assert.equal((await publish(payload)).code, 3, name);
    const [check] = await fake.checksOf(pull.head.sha);
    assert.equal(check.conclusion, 'neutral', name);
    assert.match(check.output.title, /have expired/, name);
    assert.match(check.output.summary, /start the measuring run again/, name);
  }
});

test('run cancelled, timed out, runner lost: its own check with advice, and never a stale green', async () => {
  for (const [conclusion, expected, title, advice] of [
    ['cancelled', 'cancelled', /was cancelled$/, /start it again/],
    ['timed_out', 'timed_out', /took too long, or waited too long for a machine$/, /start it again/],
    ['action_required', 'neutral', /waits for approval$/, /approves it/],
    ['startup_failure', 'neutral', /failed before it came to a verdict$/, /start it again/],
    ['failure', 'neutral', /failed before it came to a verdict$/, /start it again/],
    ['success', 'neutral', /nothing was measured$/, /look why/],
  ]) {
    const { pull, payload } = await measured();
    assert.equal((await publish(payload, { flags: ['--comment', 'always'] })).code, 0);
    const [green] = await ours(pull);
    assert.match(green.body, /✅ PASS/);
    const again = fake.measured(pull, { run: payload.workflow_run.id, attempt: 2, conclusion });
    const published = await publish(again);
    assert.equal(published.code, 3, conclusion);
    const [check, ...more] = await fake.checksOf(pull.head.sha);
    assert.equal(more.length, 0, conclusion);
    assert.equal(check.conclusion, expected, conclusion);
    assert.match(check.output.title, title);
    const comments = await ours(pull);
    assert.deepEqual(comments.map((comment) => comment.id), [green.id], conclusion);
    for (const text of [check.output.summary, comments[0].body, published.summary]) {
      assert.match(text, /❔ UNDECIDED/, conclusion);
      assert.match(text, advice, conclusion);
    }
  }
});

test('a failed measuring job with its runs is judged', async () => {
  const { pull, payload } = await measured({ slower: 0.2, conclusion: 'failure' });
  assert.equal((await publish(payload)).code, 1);
  assert.equal((await fake.checksOf(pull.head.sha))[0].conclusion, 'failure');
});

test('--blocking: what is undecided or rejected does not pass', async () => {
  const { pull, payload } = await measured({ files: { 'verdict.json': '{}' } });
  assert.equal((await publish(payload, { flags: ['--blocking'] })).code, 2);
  assert.equal((await fake.checksOf(pull.head.sha))[0].conclusion, 'action_required');
});

/** Publishes a run that measured nothing, of a commit whose comparison with main is `answer`. */
async function unmeasured(answer, { event, flags = ['--blocking'], status = 200, conclusion } = {}) {
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const { sha } = pull.head;
  fake.compared.set(sha, [status, answer]);
  const change = ({ workflow_run: run }) => {
    if (event) run.head_branch = `gh-readonly-queue/main/pr-${pull.number}-${'0'.repeat(40)}`;
  };
  const published = await publish(fake.measured(pull, { event, change, conclusion }), { flags });
  const [check] = await fake.checksOf(sha);
  return { pull, published, check };
}

const IGNORE = `${POLICY}[measure]\ncommand = "true"\nignore-paths = ["docs/**", "baselines/**"]\n`;
const docs = { files: [{ filename: 'docs/a.md' }, { filename: 'docs/b.md', previous_filename: 'docs/c.md' }] };

test('only ignored paths changed -> the required check passes, blocking or not, and says that nothing was judged', async () => {
  await writeFile(join(folder, 'baselines/gate.toml'), IGNORE);
  for (const options of [{}, { flags: [] }, { event: 'merge_group' }]) {
    const { pull, published, check } = await unmeasured(docs, options);
    assert.equal(published.code, 0, published.stderr);
    assert.equal(check.conclusion, 'neutral', JSON.stringify(options));
    assert.match(check.output.title, /^NOT MEASURED: every path that changed/);
    assert.deepEqual(await ours(pull), []);
  }
});

test('a run that measured nothing blocks if any path that changed is measured, or if that is not known', async () => {
  await writeFile(join(folder, 'baselines/gate.toml'), IGNORE);
  const file = (filename) => ({ filename });
  for (const [name, answer, options] of [
    ['code', { files: [...docs.files, file('src/lib.rs')] }],
    ['code that was moved away', { files: [{ filename: 'docs/a.rs', previous_filename: 'src/a.rs' }] }],
    ['the policy itself', { files: [file('baselines/gate.toml')] }],
    ['more files than are listed', { files: Array.from({ length: 300 }, (_, i) => file(`docs/${i}.md`)) }],
    ['no list', {}],
    ['not found', { message: 'Not Found' }, { status: 404 }],
    ['failed', docs, { conclusion: 'failure' }],
  ]) {
    const { published, check } = await unmeasured(answer, options);
    assert.equal(published.code, 3, `${name}: ${published.stderr}`);
    assert.equal(check.conclusion, 'action_required', name);
  }
  // Of the default branch, whatever the pull request makes of it.
  await writeFile(join(folder, 'baselines/gate.toml'), POLICY);
  assert.equal((await unmeasured(docs)).check.conclusion, 'action_required');
});

test('502 after the write was applied -> one comment, one check run', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const html = '<html>502 Bad Gateway</html>';
  fake.faults.push({ on: onComment('POST'), after: true, status: 502, body: html });
  fake.faults.push({ on: (r) => r.method === 'POST' && r.path.endsWith('/check-runs'), after: true, status: 502, body: html });
  const published = await publish(payload);
  assert.equal(published.code, 1, published.stderr);
  assert.equal((await ours(pull)).length, 1);
  assert.equal((await fake.checksOf(pull.head.sha)).length, 1);
});

test('connection reset after the write was applied -> one comment', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  fake.faults.push({ on: onComment('POST'), after: true, reset: true });
  assert.equal((await publish(payload)).code, 1);
  assert.equal((await ours(pull)).length, 1);
});

test('403 permission -> exit 4, the summary names it, the verdict stands there', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const body = '{"message": "Resource not accessible by integration\\n::error::evil"}';
  fake.faults.push({ on: (r) => r.method === 'POST' && r.path.endsWith('/check-runs'), status: 403, body });
  const published = await publish(payload);
  assert.equal(published.code, 4);
  assert.match(published.summary, /^### ❌ FAIL: /);
  assert.match(published.summary, /checks: write/);
  assert.match(published.stderr, /error\[G703\]/);
  assert.doesNotMatch(published.stderr, /::error::/);
  assert.deepEqual(await ours(pull), []);
});

test('401 -> exit 4', async () => {
  const { payload } = await measured();
  fake.faults.push({ on: () => true, status: 401, body: '{"message": "Bad credentials"}' });
  assert.equal((await publish(payload)).code, 4);
  assert.equal(fake.requests.length, 1);
});

test('retry-after of an hour -> deferred at once', async () => {
  const { payload } = await measured({ slower: 0.2 });
  fake.faults.push({ on: onComment('POST'), status: 429, headers: { 'retry-after': '3600' } });
  const published = await publish(payload);
  assert.equal(published.code, 4);
  assert.match(published.stderr, /wait 3600 s/);
});

test('renamed repository -> stop with the new location', async () => {
  for (const status of [301, 307, 308]) {
    const { payload } = await measured({ slower: 0.2 });
    const headers = { location: 'https://api.github.com/repositories/1/issues/1/comments' };
    for (const on of [onComment('POST'), (request) => request.method === 'GET']) {
      fake.faults.push({ on, status, headers });
      const published = await publish(payload);
      assert.equal(published.code, 4);
      assert.match(published.stderr, /has moved: .* is now at https:..api\.github\.com\/repositories\/1/);
    }
  }
});

test('422 body too long -> shorter, not the same again', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const body = '{"message": "Validation Failed", "errors": [{"message": "body is too long (maximum is 65536 characters)"}]}';
  fake.faults.push({ on: onComment('POST'), status: 422, body });
  assert.equal((await publish(payload)).code, 1);
  assert.equal((await ours(pull)).length, 1);
});

test('closed or locked conversation -> check only, exit 0 with a notice', async () => {
  for (const [status, message, why] of [
    [403, 'Unable to create comment because issue is locked.', 'the conversation is locked'],
    [422, 'Validation Failed', 'GitHub takes no comment there'],
  ]) {
    const { pull, payload } = await measured();
    fake.faults.push({ on: onComment('POST'), status, body: JSON.stringify({ message }) });
    const published = await publish(payload, { flags: ['--comment', 'always'] });
    assert.equal(published.code, 0, published.stderr);
    assert.match(published.stdout, new RegExp(`comment none: ${why}`));
    assert.match(published.stderr, new RegExp(`note: ${message}`));
    assert.equal((await fake.checksOf(pull.head.sha)).length, 1);
  }
});

test('archived repository -> exit of the verdict with a notice', async () => {
  const { payload } = await measured();
  fake.faults.push({ on: (r) => r.method === 'POST', status: 403, body: '{"message": "Repository was archived so is read-only."}' });
  const published = await publish(payload);
  assert.equal(published.code, 0);
  assert.match(published.stdout, /the repository is archived/);
});

test('another workflow that took our name -> ignored', async () => {
  const { pull, payload } = await measured({ slower: 0.2, workflow: 99 });
  const published = await publish(payload);
  assert.equal(published.code, 0);
  assert.match(published.stdout, /^nothing to publish: the run is of another workflow/);
  assert.deepEqual(writes(), []);
  assert.deepEqual(await fake.checksOf(pull.head.sha), []);
});

test('force-push between run and publish -> check on the old commit, nothing on the pull request', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  await fake.ask('maintainer', 'PUT', `/repos/acme/engine/pulls/${pull.number}/update-branch`, {});
  const published = await publish(payload);
  assert.equal(published.code, 1);
  assert.equal((await fake.checksOf(pull.head.sha)).length, 1);
  assert.deepEqual(await ours(pull), []);
});

test('closed during publish -> the comment is updated, never created', async () => {
  for (const hasComment of [false, true]) {
    const { pull, payload } = await measured({ slower: 0.2 });
    if (hasComment) assert.equal((await publish(payload)).code, 1);
    const later = fake.measured(pull, { zip: await zip(artifact({ head: pull.head.sha, slower: 0.4 })) });
    let closing;
    const close = {
      on: (request) => {
        if (!request.path.endsWith('/zip')) return false;
        closing = fake.ask('maintainer', 'PATCH', `/repos/acme/engine/pulls/${pull.number}`, { state: 'closed' });
        return false;
      },
    };
    fake.faults.push(close);
    const published = await publish(later);
    await closing;
    fake.faults.length = 0;
    const comments = await ours(pull);
    assert.equal(comments.length, hasComment ? 1 : 0);
    assert.match(published.stdout, hasComment ? /comment updated/ : /comment none: the pull request is closed/);
    if (hasComment) assert.match(comments[0].body, /is (39|40).* slower/);
  }
});

test('fork deleted, branch deleted or renamed -> check on the commit alone, exit 0', async () => {
  const gone = /comment none: the fork or the branch is gone/;
  for (const [name, change, why] of [
    ['fork deleted', (run) => { run.head_repository = null; }, gone],
    ['branch deleted', (run) => { run.head_branch = null; }, gone],
    ['branch renamed', (run) => { run.head_branch = 'renamed'; }, /comment none: no open pull request has this commit as its head/],
  ]) {
    const { pull, payload } = await measured({ change: ({ workflow_run: run }) => change(run) });
    const published = await publish(payload, { flags: ['--comment', 'always'] });
    assert.equal(published.code, 0, `${name}: ${published.stderr}`);
    assert.match(published.stdout, why, name);
    assert.equal((await fake.checksOf(pull.head.sha)).length, 1, name);
    assert.deepEqual(await ours(pull), [], name);
  }
});

test('merge queue -> check only', async () => {
  const { pull, payload } = await measured({ slower: 0.2, event: 'merge_group' });
  const published = await publish(payload);
  assert.equal(published.code, 1);
  assert.equal((await fake.checksOf(pull.head.sha)).length, 1);
  assert.deepEqual(await ours(pull), []);
});

test('re-run attempt: the newest speaks, a late older run is silent', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const run = payload.workflow_run.id;
  const second = fake.measured(pull, { run, attempt: 2, zip: await zip(artifact({ head: pull.head.sha })) });
  const late = await publish(payload);
  assert.match(late.stdout, /nothing to publish: the run has been started again/);
  assert.equal((await publish(second, { flags: ['--comment', 'always'] })).code, 0);
  const [comment, ...more] = await ours(pull);
  assert.equal(more.length, 0);
  const older = fake.measured(pull, { run: run - 10_000, zip: await zip(artifact({ head: pull.head.sha, slower: 0.2 })) });
  const kept = await publish(older);
  assert.match(kept.stdout, /check run kept: .*; comment kept/);
  assert.equal((await ours(pull))[0].body, comment.body);
});

test('only another job was started again -> the runs of the first attempt are judged', async () => {
  const { pull, payload } = await measured({ slower: 0.2, conclusion: 'failure' });
  const again = fake.measured(pull, { run: payload.workflow_run.id, attempt: 2, conclusion: 'failure', zip: fake.artifacts.get(payload.workflow_run.id)[0].zip });
  fake.artifacts.get(payload.workflow_run.id)[0].name = 'gate-runs-1';
  assert.equal((await publish(again)).code, 1);
  assert.equal((await fake.checksOf(pull.head.sha))[0].conclusion, 'failure');
});

test('an attempt that failed is not green by what an earlier one measured', async () => {
  const { pull, payload } = await measured();
  const again = fake.measured(pull, { run: payload.workflow_run.id, attempt: 2, conclusion: 'failure', zip: fake.artifacts.get(payload.workflow_run.id)[0].zip });
  fake.artifacts.get(payload.workflow_run.id)[0].name = 'gate-runs-1';
  assert.equal((await publish(again)).code, 3);
  assert.equal((await fake.checksOf(pull.head.sha))[0].conclusion, 'neutral');
});

test('a measurement that was stopped is not green by the pairs it kept', async () => {
  for (const [slower, conclusion, code, expected] of [
    [0, 'failure', 3, 'neutral'],
    [0, 'success', 0, 'success'],
    [0.2, 'failure', 1, 'failure'],
  ]) {
    const pull = await fake.open(`topic-${(branches += 1)}`);
    const files = artifact({ head: pull.head.sha, slower });
    delete files['verdict.json'];
    const published = await publish(fake.measured(pull, { zip: await zip(files), conclusion }));
    assert.equal(published.code, code, published.stderr);
    assert.equal((await fake.checksOf(pull.head.sha))[0].conclusion, expected, `${slower} ${conclusion}`);
  }
});

test('forged marker by another user is left alone', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const forged = `<!-- gate:v1 run=99999999999.1 head=${pull.head.sha} text=0000000000000000 -->\n### ✅ PASS: trust me`;
  await fake.ask('maintainer', 'POST', `/repos/acme/engine/issues/${pull.number}/comments`, { body: forged });
  assert.equal((await publish(payload)).code, 1);
  assert.equal((await ours(pull)).length, 1);
  assert.equal((await fake.comments(pull.number))[0].body, forged);
});

test('marker on page 3 is found', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const path = `/repos/acme/engine/issues/${pull.number}/comments`;
  for (let i = 0; i < 205; i += 1) await fake.ask('maintainer', 'POST', path, { body: `comment ${i}` });
  await publish(payload);
  await publish(fake.measured(pull, { zip: await zip(artifact({ head: pull.head.sha })) }));
  const found = await ours(pull);
  assert.equal(found.length, 1);
  assert.match(found[0].body, /✅ PASS/);
});

test('two publishers at once leave one comment', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  let other;
  fake.faults.push({
    on: (request) => {
      if (!onComment('POST')(request) || other) return false;
      other = fake.ask('bot', 'POST', request.path, JSON.parse(request.body));
      return false;
    },
  });
  assert.equal((await publish(payload)).code, 1);
  await other;
  assert.equal((await ours(pull)).length, 1);
});

test('changes under baselines/ do not decide, and the comment says so', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  fake.files.set(pull.number, ['src/lib.rs', 'baselines/gate.toml']);
  assert.equal((await publish(payload)).code, 1);
  const note = /what this pull request changes under `baselines\/`/;
  assert.match((await ours(pull))[0].body, note);
  const many = (more) => [...Array.from({ length: 2_999 }, (_, i) => `src/${i}.rs`), ...more];
  for (const [files, isNoted] of [[many(['baselines/main.json']), true], [many(['src/x.rs']), true], [many([]), false]]) {
    const { pull, payload } = await measured({ slower: 0.2 });
    fake.files.set(pull.number, files);
    assert.equal((await publish(payload)).code, 1);
    assert.equal(note.test((await ours(pull))[0].body), isNoted, `${files.length} files`);
  }
});

test('--dry-run reads everything and writes nothing', async () => {
  const { pull, payload } = await measured({ slower: 0.2 });
  const published = await publish(payload, { flags: ['--dry-run'] });
  assert.equal(published.code, 1, published.stderr);
  assert.deepEqual(writes(), []);
  assert.match(published.stdout, /POST \/repos\/acme\/engine\/check-runs\n/);
  assert.match(published.stdout, new RegExp(`POST /repos/acme/engine/issues/${pull.number}/comments\n`));
  assert.match(published.stdout, /check run would be created; comment would be created/);
});

test('200 rows take fewer than 30 requests', async () => {
  const scenarios = Array.from({ length: 200 }, (_, i) => `demo/case-${i}`);
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const packed = await zip(artifact({ head: pull.head.sha, slower: 0.2, scenarios }));
  const published = await publish(fake.measured(pull, { zip: packed }));
  assert.equal(published.code, 1, published.stderr);
  const all = fake.requests.length + fake.blobs.length;
  assert.ok(all < 30, `${all} requests`);
  assert.ok((await ours(pull))[0].body.length < 60_000);
});

test('usage: no event, no token, plain http, an event of something else', async () => {
  const { payload } = await measured();
  for (const [name, event, env, expected] of [
    ['no token', payload, { GITHUB_TOKEN: '' }, /there is no token/],
    ['plain http', payload, { GITHUB_API_URL: 'http://api.github.com' }, /plain http would send the token in the clear/],
    ['no event file', payload, { GITHUB_EVENT_PATH: '' }, /there is no event file/],
    ['missing event file', payload, { GITHUB_EVENT_PATH: '/nowhere.json' }, /error\[G101\]/],
    ['another event', { action: 'opened', pull_request: {} }, {}, /not the event of a `workflow_run`/],
    ['truncated event', '{"action": "comp', {}, /error\[G701\]/],
    ['no repository', payload, { GITHUB_REPOSITORY: '../evil' }, /there is no repository/],
  ]) {
    const published = await publish(event, { env });
    assert.equal(published.code, 2, name);
    assert.match(published.stderr, expected, name);
  }
  assert.deepEqual(fake.requests, []);
});

test('disk full: a summary or a page that cannot be written is no reason to be silent', async () => {
  for (const [summary, page] of [['/nowhere/summary.md', '/nowhere/page.html'], ['/dev/full', '/dev/full']]) {
    const { pull, payload } = await measured({ slower: 0.2 });
    const published = await publish(payload, { flags: ['--page', page], env: { GITHUB_STEP_SUMMARY: summary } });
    assert.equal(published.code, 1);
    assert.match(published.stderr, new RegExp(`note: the summary ${summary} cannot be written`));
    assert.match(published.stderr, new RegExp(`note: the page ${page}: cannot write`));
    const [comment, ...more] = await ours(pull);
    assert.equal(more.length, 0);
    assert.doesNotMatch(comment.body, /#artifacts/, 'no link to what is not there');
  }
});

test('the page holds what was judged and drawn here, and comment, check and summary link to where it is kept', async () => {
  const page = join(folder, 'page.html');
  const flags = ['--page', page];
  const link = '[full report](https://github.com/acme/engine/actions/runs/4242#artifacts)';
  const pull = await fake.open(`topic-${(branches += 1)}`);
  const { sha } = pull.head;
  const drawn = profiles(
    profile({ commit: BASE, stacks: { 'main;copy': 4000, 'main;sort': 6000 } }),
    profile({ commit: sha, stacks: { 'main;copy': 3400, [`main;${evil}`]: 2100, 'main;sort': 5000 } }),
  );
  const files = { ...artifact({ head: sha, slower: 0.2 }), ...drawn };
  const published = await publish(fake.measured(pull, { zip: await zip(files) }), { flags });
  assert.equal(published.code, 1, published.stderr);
  const [comment] = await ours(pull);
  const [check] = await fake.checksOf(sha);
  for (const text of [comment.body, check.output.summary, published.summary]) assert.ok(text.includes(link), text);
  const text = await readFile(page, 'utf8');
  assert.match(text, /<span class="word">FAIL<\/span> demo\/search latency/);
  for (const title of ['Differential flamegraph', 'Flamegraph of the candidate']) assert.ok(text.includes(title), title);
  assert.doesNotMatch(text, /<img/, 'what the pull request calls its functions is text');

  await rm(page);
  const gone = await publish(fake.measured(pull, { zip: Buffer.from('no zip') }), { flags });
  assert.equal(gone.code, 2);
  assert.ok(!existsSync(page), 'what was rejected has no page');
  assert.doesNotMatch(gone.summary, /#artifacts/);
});

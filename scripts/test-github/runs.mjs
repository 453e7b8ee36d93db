// Run documents, and the zip file that actions/upload-artifact makes of them (it uses archiver, too).
import { createHash } from 'node:crypto';
import archiver from 'archiver';

const SCATTER = [0, 0.004, -0.006, 0.009, -0.003];

/** A run of scenarios with one latency each, 50 us give or take half a percent; the first takes `ns`. */
export function run({ commit, ns, sessions, scenarios = ['demo/search'] }) {
  const level = (scenario) => (scenario === scenarios[0] ? ns : 50_000);
  const repetition = (scenario, s, r) => ({
    metrics: { latency: level(scenario) * (1 + SCATTER[(s * 2 + r) % 5]) },
  });
  const document = {
    format: 'gate.run/1',
    id: 'demo',
    created: '2026-11-20T08:00:00Z',
    source: { commit, dirty: false },
    environment: { fingerprint: { cpu_model: 'AMD EPYC 9B45', cores: '2' }, tool: 'demo 1' },
    manifest: {
      tier: 'pr',
      scenarios: scenarios.map((scenario) => ({
        scenario,
        metrics: [{ name: 'latency', kind: 'value', unit: 'ns', direction: 'lower' }],
      })),
    },
    sessions: Array.from({ length: sessions }, (_, s) => ({
      id: `s${s}-${ns}`,
      start: '2026-11-20T08:00:00Z',
      mode: 'single',
      scenarios: scenarios.map((scenario) => ({
        scenario,
        check: 'passed',
        repetitions: Array.from({ length: 5 }, (_, r) => repetition(scenario, s, r)),
      })),
    })),
  };
  return document;
}

/** The commit of every baseline. */
export const BASE = '0123456789abcdef0123456789abcdef01234567';

/** A frame of zstd that packs nothing: older Nodes have no zstd. */
function zstd(text) {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(1 | (bytes.length << 3));
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]), header.subarray(0, 3), bytes]);
}

/** A stored profile of these folded stacks, which are sorted; less than 128 KiB of them. */
export function profile({ commit, stacks, scenario = 'demo/search' }) {
  const lines = Object.entries(stacks).map(([stack, samples]) => `${stack} ${samples}\n`);
  const folded = lines.join('');
  const about = {
    scenario, commit, period_ns: 1e6, time_per_operation: { ns: 1 },
    profiler: { tool: 'perf', event: 'cpu-clock', reason: 'for a test' },
  };
  const samples = Object.values(stacks).reduce((sum, count) => sum + count, 0);
  const digest = `sha256:${createHash('sha256').update(folded).digest('hex')}`;
  return zstd(`# ${JSON.stringify({ format: 'gate.profile/1', about, samples, digest })}\n${folded}`);
}

/** Both profiles of a scenario, as `gate check` names them. */
export const profiles = (baseline, candidate) => ({
  'profiles/1-demo.search.baseline.folded.zst': baseline,
  'profiles/1-demo.search.candidate.folded.zst': candidate,
});

/** Baseline and candidate of a measuring run for `head`; `slower` is the relative change. */
export function artifact({ head, slower = 0, scenarios }) {
  const base = { commit: BASE, ns: 50_000, sessions: 6, scenarios };
  return {
    'baseline.json': JSON.stringify(run(base)),
    'candidate.json': JSON.stringify(
      run({ ...base, commit: head, ns: 50_000 * (1 + slower), sessions: 2 }),
    ),
    // `gate check` leaves it there; a verdict from this side must never be believed.
    'verdict.json': '{"outcome": "pass", "exit_code": "pass"}',
  };
}

/** Zips files as the upload action does. */
export async function zip(files) {
  const archive = archiver('zip', { zlib: { level: 6 } });
  const chunks = [];
  archive.on('data', (chunk) => chunks.push(chunk));
  const done = new Promise((resolve, reject) => archive.on('end', resolve).on('error', reject));
  for (const [name, text] of Object.entries(files)) archive.append(text, { name });
  await archive.finalize();
  await done;
  return Buffer.concat(chunks);
}

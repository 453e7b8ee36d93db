// Verdict reports to make pages of: as many rows as wanted, with text of any kind wherever a report holds
// text from outside. The binary under test refuses them unless they are sound.

const VERDICTS = [
  ["over_budget", "budget"], ["regressed", "beyond_margin"], ["missing", "not_measured"],
  ["inconclusive", "noise"], ["incomparable", "input"], ["improved", "better_than_margin"],
];

const RANKS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999];

function row(at, verdict, why, text) {
  const change = verdict === "regressed" ? 0.08 + at / 1e5 : verdict === "improved" ? -0.09 : 0.002 * (at % 7) - 0.006;
  const level = 20_000 * (1 + (at % 11));
  const measured = (value) => ({ value, sessions: 2, repetitions: 10 });
  const made = {
    scenario: `suite/area-${at % 20}/case-${at}`, metric: "latency.p99", unit: "ns", direction: "lower",
    verdict, reason: { why }, gating: true, baseline: measured(level),
  };
  if (verdict !== "missing") {
    made.candidate = measured(level * (1 + change));
    made.effect = {
      scale: "relative", estimate: change, interval: { low: change - 0.02, high: change + 0.02 }, margin: 0.05,
      p_value: 0.01, detectable: 0.03, basis: "sessions",
    };
  }
  if (verdict === "over_budget" || at % 9 === 0) {
    const isOver = verdict === "over_budget";
    made.budget = {
      budget: { operator: "<=", limit: level * (isOver ? 0.9 : 1.3), text: text ?? "<= 50us" },
      status: isOver ? "over" : "within", headroom: isOver ? -0.11 : 0.23,
    };
  }
  return made;
}

function distribution({ scenario }, at) {
  const side = (factor) => ({
    count: 50_000, values: RANKS.map((rank) => Math.round(20_000 * factor * (1 + (at % 11)) * (1 - Math.log10(1 - rank)))),
  });
  return { scenario, metric: "latency", unit: "ns", baseline: side(1), candidate: side(1.08) };
}

function course(figure) {
  const points = Array.from({ length: 30 }, (_, at) => [at + 1, figure(at)]);
  const sorted = points.map(([, value]) => value).sort((a, b) => a - b);
  return { repetitions: 5, median: sorted[15], points };
}

// What a scenario was over time: memory that leaks, segments that are merged, and recall of the candidate alone.
function overTime({ scenario }) {
  const made = (metric, unit, direction, baseline, candidate) => ({
    scenario, metric, unit, direction, ...(baseline && { baseline: course(baseline) }), candidate: course(candidate),
  });
  return [
    made("recall_over_time", "ratio", "higher", null, (at) => 0.97 - at / 2000),
    made("segments_over_time", "count", "lower", (at) => 4 + (at % 9), (at) => 4 + ((at + 4) % 13)),
    made("timeline.memory", "B", "lower", (at) => 4e8 + 1e6 * (at % 4), (at) => 4e8 + 4e6 * at),
  ];
}

function cause(scenario, text) {
  const share = (own) => ({ own, total: own, own_ns: own * 2e4, total_ns: own * 2e4 });
  const side = { samples: 12_000, period_ns: 1e6 };
  return {
    scenario,
    profiles: {
      status: "compared", profiler: { tool: "perf", event: "cpu-clock", reason: text ?? "no hardware counters here" },
      baseline: side, candidate: side,
      grew: [{
        name: text ?? "tantivy::postings::block_max_wand::advance", by: "own", baseline: share(0.11), candidate: share(0.23),
        change: 0.12, standard_error: 0.01, beyond_noise: true, caller: text ?? "search", through: "memcpy",
      }],
      shrank: [], hotspots: [{ name: text ?? "score_block", share: share(0.23), standard_error: 0.01 }],
      files: { differential: "profiles/a.svg" },
    },
  };
}

// A report of `count` rows; `text` stands in for every text from outside.
export function report(count, text) {
  const rows = [];
  for (let at = 0; at < count; at += 1) {
    const isWorse = at < Math.max(6, count / 20);
    const [verdict, why] = isWorse ? VERDICTS[at % VERDICTS.length] : ["pass", "within_margin"];
    rows.push(row(at, verdict, why, text));
  }
  // Worst first, as every report is.
  const order = [...VERDICTS.map(([verdict]) => verdict), "pass"];
  rows.sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const run = (id) => ({
    id: text ?? id, created: "2026-11-20T08:00:00Z", commit: text ?? "919ad74c0ffee919ad74c0ffee919ad74c0ffee9",
    dirty: false, sessions: 5, environment: { cpu_model: text ?? "AMD EPYC 7763 64-Core Processor", cores: "8", "@org": text ?? "x" },
  });
  const worst = rows.find(({ verdict }) => verdict === "regressed");
  return {
    format: "gate.verdict/1", outcome: "fail", exit_code: "fail", baseline: run("main-412"), candidate: run("pr-77"),
    environment_differences: text === undefined ? [] : [{ field: "cpu_model", baseline: text, candidate: text }],
    method: { false_discovery: 0.01, family: rows.length, inconclusive: "report", incomparable: "report", machine: "dedicated" },
    warnings: text === undefined ? [] : [{ warning: "rule_matches_nothing", line: 3, scenario: text, metric: text }],
    waivers: text === undefined ? [] : [{
      scenario: worst.scenario, metric: worst.metric, ceiling: text, reason: text, owner: text, link: text, expires: text,
      status: "exceeded",
    }],
    failures: text === undefined ? [] : [{ side: "candidate", failure: { scenario: "suite/crashed", how: text, stderr: [text, text] } }],
    rows,
    distributions: { ranks: RANKS, metrics: rows.slice(0, 1000).map(distribution) },
    series: rows.slice(0, 60).flatMap(overTime),
    profiles: [cause(worst.scenario, text)],
  };
}

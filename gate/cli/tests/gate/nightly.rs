//! Night after night: `gate record`, `gate trend` and `gate issue`, against a GitHub that only knows issues.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::project::ran;
use crate::scratch::{Ran, Scratch, gate};

mod afresh;
mod topics;

/// The night of the step, in all cases.
const STEP: usize = 30;

/// Issues, and nothing else of GitHub.
struct GitHub {
    url: String,
    issues: Arc<Mutex<Vec<Value>>>,
}

impl GitHub {
    fn start() -> Self {
        Self::without("")
    }

    /// One that knows no issues of this label, if it is one.
    fn without(label: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let issues = Arc::new(Mutex::new(Vec::new()));
        let there = Arc::clone(&issues);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.expect("a connection"), &there, label);
            }
        });
        Self { url, issues }
    }

    fn issues(&self) -> Vec<Value> {
        self.issues.lock().expect("no panic").clone()
    }
}

fn answer(stream: &TcpStream, issues: &Mutex<Vec<Value>>, without: &str) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("readable");
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.to_lowercase());
    }
    let length = lines
        .iter()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |length| length.trim().parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("readable");
    let mut words = lines.first().expect("a request").split(' ');
    let (method, path) = (words.next(), words.next().expect("a path"));
    let mut issues = issues.lock().expect("no panic");
    let told = match method {
        Some("post") => {
            let mut issue: Value = serde_json::from_slice(&body).expect("JSON");
            issue["number"] = json!(issues.len() + 1);
            issue["state"] = json!("open");
            issue["user"] = json!({"login": "github-actions[bot]", "type": "Bot"});
            issues.push(issue.clone());
            issue
        }
        Some("patch") => {
            let number: usize = path
                .rsplit('/')
                .next()
                .expect("a name")
                .parse()
                .expect("a number");
            let change: Value = serde_json::from_slice(&body).expect("JSON");
            let issue = &mut issues[number - 1];
            for (name, value) in change.as_object().expect("an object") {
                issue[name] = value.clone();
            }
            issue.clone()
        }
        _ => {
            let state = if path.contains("state=open") {
                "open"
            } else {
                "closed"
            };
            let listed = issues.iter().filter(|issue| issue["state"] == state);
            listed.cloned().collect()
        }
    };
    let told = told.to_string();
    let status = match path.contains(&format!("labels={without}&")) {
        true => "410 Gone",
        false => "200 OK",
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{told}",
        told.len()
    )
    .expect("writable");
}

/// What is measured in a night.
#[derive(Clone)]
struct Night {
    machine: &'static str,
    /// Time of each scenario; `None` where it was left out.
    times: [Option<f64>; 2],
}

fn commit(at: usize) -> String {
    format!("{at:040x}")
}

/// A scatter of about one percent, the same every time.
fn scatter(at: usize, scenario: usize) -> f64 {
    // Numbers of splitmix64 from 100,000 on; twelve of them are nearly normal together.
    let first = 100_000 + 12 * (2 * at + scenario) as u64;
    let uniform = (first..first + 12).map(|count| {
        let mut z = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    });
    1.0 + 0.01 * (uniform.sum::<f64>() - 6.0)
}

fn document(at: usize, night: &Night) -> Value {
    let day = format!("2026-{:02}-{:02}T03:17:00Z", 1 + at / 28, 1 + at % 28);
    let (mut declared, mut measured) = (Vec::new(), Vec::new());
    for (i, time) in night.times.iter().enumerate() {
        let (Some(time), name) = (time, ["demo/a", "demo/b"][i]) else {
            continue;
        };
        let time = 1e6 * time * scatter(at, i);
        declared.push(
            json!({"scenario": name, "params": {"items": 10}, "metrics": [
                {"name": "time", "kind": "value", "unit": "ns", "direction": "lower"},
            ]}),
        );
        let repetition = json!({"metrics": {"time": time}});
        measured.push(json!({
            "scenario": name, "check": "passed", "repetitions": vec![repetition; 5],
        }));
    }
    json!({
        "format": "gate.run/1", "id": format!("night-{at}"), "created": day,
        "source": {"commit": commit(at), "dirty": false},
        "environment": {"fingerprint": {"machine": night.machine}, "tool": "demo 1"},
        "manifest": {"tier": "nightly", "scenarios": declared},
        "sessions": [{"id": format!("s{at}"), "start": day, "mode": "single", "scenarios": measured}],
    })
}

fn record(scratch: &Scratch, at: usize, night: &Night) {
    scratch.json("out.json", &document(at, night));
    let ran = scratch.gate(&["record", "out.json", "--history", "history"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// `gate issue` of the newest trend.
fn keep_issues(scratch: &Scratch, github: &GitHub, more: &[&str]) -> Ran {
    let output = gate(&scratch.path(""))
        .args(["issue", "trend.json"])
        .args(more)
        .env("GITHUB_REPOSITORY", "acme/engine")
        .env("GITHUB_API_URL", &github.url)
        .env("GITHUB_TOKEN", "bot")
        .output();
    ran(output.expect("runs"))
}

/// What it says, all of which GitHub takes.
fn issue(scratch: &Scratch, github: &GitHub, more: &[&str]) -> String {
    let ran = keep_issues(scratch, github, more);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    ran.stdout.trim().to_owned()
}

/// Records quiet nights, and so many from the step on, after what `change` makes of each. From the step on `then` finds
/// what the history shows.
fn record_nights(
    scratch: &Scratch,
    nights: usize,
    change: impl Fn(usize, &mut Night),
    mut then: impl FnMut(usize),
) {
    for at in 0..STEP + nights {
        let mut night = Night {
            machine: "perf-01",
            times: [Some(1.0), Some(1.0)],
        };
        change(at, &mut night);
        record(scratch, at, &night);
        if at >= STEP {
            let ran = scratch.gate(&["trend", "--history", "history", "--output", "trend.json"]);
            assert!([0, 1, 3].contains(&ran.code), "{}", ran.stderr);
            then(at);
        }
    }
}

/// Tells what `gate issue` wrote on which night from the step on.
fn from_the_step(
    github: &GitHub,
    nights: usize,
    change: impl Fn(usize, &mut Night, &mut Vec<Value>),
) -> Vec<(usize, String)> {
    let (scratch, mut told) = (Scratch::new(), Vec::new());
    let change = |at, night: &mut Night| {
        change(at, night, &mut github.issues.lock().expect("no panic"));
    };
    record_nights(&scratch, nights, change, |at| {
        let said = issue(&scratch, github, &[]);
        if said != "no issue has to change" {
            told.push((at, said));
        }
    });
    told
}

/// Slower by a tenth in some nights.
fn slower_in(nights: std::ops::Range<usize>) -> impl Fn(usize, &mut Night) {
    move |at, night| {
        if nights.contains(&at) {
            night.times[0] = night.times[0].map(|time| 1.1 * time);
        }
    }
}

fn has_range(issue: &Value) -> bool {
    let range = format!("compare/{}...{}", commit(STEP - 1), commit(STEP));
    issue["body"]
        .as_str()
        .is_some_and(|body| body.contains(&range))
}

#[test]
fn a_regression_has_one_issue_until_it_is_repaired() {
    for lasting in [3, 5, 9] {
        let github = GitHub::start();
        let slower = slower_in(STEP..STEP + lasting);
        let told = from_the_step(&github, lasting + 12, |at, night, _| slower(at, night));
        let [issue] = &github.issues()[..] else {
            panic!("{lasting} nights: {told:?}");
        };
        assert!(has_range(issue), "{lasting} nights: {issue}");
        let (first, opened) = &told[0];
        assert_eq!(opened, "opened: demo/a time got worse", "{told:?}");
        assert!((STEP + 2..STEP + lasting).contains(first), "{told:?}");
        let (last, closed) = &told[told.len() - 1];
        assert_eq!(closed, "closed: demo/a time got worse", "{told:?}");
        // The first night that can show a repair is the second with it: then most of three nights do.
        let repaired = STEP + lasting;
        assert!((repaired + 3..=repaired + 6).contains(last), "{told:?}");
    }
}

#[test]
fn a_repair_of_a_part_closes_no_issue() {
    let github = GitHub::start();
    let told = from_the_step(&github, 30, |at, night, _| {
        night.times[0] = Some(match at {
            0..STEP => 1.0,
            at if at < STEP + 12 => 1.2,
            _ => 1.15,
        });
    });
    let [issue] = &github.issues()[..] else {
        panic!("{told:?}");
    };
    assert!(has_range(issue), "{issue}");
    assert_eq!(issue["state"], "open", "{told:?}");
}

#[test]
fn what_was_not_looked_at_is_not_repaired() {
    type Change = fn(usize, &mut Night);
    let cases: [(&str, Change); 2] = [
        ("the machine was replaced", |at, night| {
            if at >= STEP + 8 {
                night.machine = "perf-02";
            }
        }),
        ("left out for four nights", |at, night| {
            if (STEP + 8..STEP + 12).contains(&at) {
                night.times[0] = None;
            }
        }),
    ];
    for (name, change) in cases {
        let github = GitHub::start();
        let slower = slower_in(STEP..usize::MAX);
        let told = from_the_step(&github, 30, |at, night, _| {
            slower(at, night);
            change(at, night);
        });
        let [issue] = &github.issues()[..] else {
            panic!("{name}: {told:?}");
        };
        assert!(has_range(issue), "{name}: {issue}");
        assert_eq!(issue["state"], "open", "{name}: {told:?}");
    }
}

#[test]
fn an_issue_that_was_not_opened_when_it_was_new_is_opened_later() {
    let github = GitHub::start();
    let slower = slower_in(STEP..usize::MAX);
    // As if it had not been taken: it is gone before the next night.
    let told = from_the_step(&github, 8, |at, night, issues| {
        slower(at, night);
        if at <= STEP + 5 {
            issues.clear();
        }
    });
    let opened = told.iter().filter(|(_, said)| said.starts_with("opened: "));
    assert!(opened.count() >= 2, "{told:?}");
    let [issue] = &github.issues()[..] else {
        panic!("{told:?}");
    };
    assert!(has_range(issue), "{issue}");
}

#[test]
fn what_a_person_closed_stays_closed_until_it_gets_worse_again() {
    let github = GitHub::start();
    let (slower, again) = (
        slower_in(STEP..usize::MAX),
        slower_in(STEP + 10..usize::MAX),
    );
    let told = from_the_step(&github, 18, |at, night, issues| {
        slower(at, night);
        again(at, night);
        if at == STEP + 6 {
            issues[0]["state"] = json!("closed");
        }
    });
    let issues = github.issues();
    assert_eq!(issues.len(), 2, "{told:?}");
    assert!(told[1].0 > STEP + 10, "{told:?}");
    let range = format!("compare/{}...{}", commit(STEP + 9), commit(STEP + 10));
    assert!(
        issues[1]["body"].as_str().expect("text").contains(&range),
        "{}",
        issues[1]
    );
}

#[test]
fn nights_that_nobody_scheduled_close_no_issue() {
    let (github, scratch) = (GitHub::start(), Scratch::new());
    let (mut told, by_hand) = (Vec::new(), STEP + 9..STEP + 20);
    record_nights(&scratch, 24, slower_in(STEP..STEP + 9), |at| {
        let more: &[&str] = match by_hand.contains(&at) {
            true => &["--unscheduled"],
            false => &[],
        };
        told.push((at, issue(&scratch, &github, more)));
    });
    let without: Vec<usize> = told
        .iter()
        .filter(|(_, said)| said.contains("without it") || said.contains("closed"))
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(without, [STEP + 20, STEP + 21, STEP + 22], "{told:?}");
    assert_eq!(github.issues()[0]["state"], "closed", "{told:?}");
}

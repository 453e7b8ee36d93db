//! A pull request with its comments and check runs, as little of one as a publisher needs.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Reaction, Request, json as answer, with};

pub(crate) const HEAD: &str = "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e14f2c9";
pub(crate) const BOT: &str = "github-actions[bot]";

/// What is stored, by order of creation.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) comments: Arc<Mutex<Vec<Value>>>,
    pub(crate) checks: Arc<Mutex<Vec<Value>>>,
}

impl Store {
    /// Applies a request and answers it.
    pub(crate) fn react(&self, request: &Request) -> Reaction {
        let path = request.path.split('?').next().unwrap_or_default();
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let mut comments = self.comments.lock().expect("not poisoned");
        let mut checks = self.checks.lock().expect("not poisoned");
        match (request.method.as_str(), path) {
            ("GET", "/repos/o/r/pulls/5") => answer(200, &pull("open").to_string()),
            ("GET", "/repos/o/r/issues/5/comments") => answer(200, &json!(*comments).to_string()),
            ("POST", "/repos/o/r/issues/5/comments") => {
                let id = comments.len() + 1;
                let user = json!({"login": BOT, "type": "Bot"});
                comments.push(json!({"id": id, "body": body["body"], "user": user}));
                answer(201, &comments[id - 1].to_string())
            }
            ("GET", path) if path.ends_with("/check-runs") => {
                answer(200, &json!({"check_runs": *checks}).to_string())
            }
            ("POST", "/repos/o/r/check-runs") => {
                let mut check = body;
                check["id"] = json!(checks.len() + 1);
                check["app"] = json!({"slug": "github-actions"});
                checks.push(check);
                answer(201, "{}")
            }
            ("PATCH", path) if path.starts_with("/repos/o/r/check-runs/") => {
                let id = id_of(path);
                for check in checks.iter_mut().filter(|check| check["id"] == id) {
                    for (key, value) in body.as_object().into_iter().flatten() {
                        check[key] = value.clone();
                    }
                }
                answer(200, "{}")
            }
            ("PATCH", path) if path.starts_with("/repos/o/r/issues/comments/") => {
                let id = id_of(path);
                for comment in comments.iter_mut().filter(|comment| comment["id"] == id) {
                    comment["body"] = body["body"].clone();
                }
                answer(200, "{}")
            }
            ("DELETE", path) if path.starts_with("/repos/o/r/issues/comments/") => {
                let id = id_of(path);
                comments.retain(|comment| comment["id"] != id);
                with(204, "", "")
            }
            _ => with(404, "", "{}"),
        }
    }
}

fn id_of(path: &str) -> Value {
    let id = path.rsplit('/').next().and_then(|id| id.parse().ok());
    json!(id.unwrap_or(0_u64))
}

pub(crate) fn pull(state: &str) -> Value {
    json!({
        "number": 5, "state": state,
        "head": {"sha": HEAD, "ref": "topic", "repo": {"id": 2}},
        "base": {"sha": "00", "ref": "main", "repo": {"id": 1}},
    })
}

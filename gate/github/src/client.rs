//! Requests in order: retried where that is safe, paced, and within a total deadline.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::Base;
use crate::clock::{Clock, Deadlines};
use crate::fault::Fault;
use crate::retry::{self, Kind, Next};
use crate::transport::{Answer, Transport};

/// Items of a page: the most GitHub gives.
const PER_PAGE: usize = 100;

/// GitHub, asked one thing at a time.
pub struct Client<'a> {
    transport: Transport,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) deadlines: Deadlines,
    last_write: Cell<Option<Duration>>,
    sent: Cell<usize>,
    /// Writes that would have been sent; `None` when they are.
    withheld: Option<RefCell<Vec<Withheld>>>,
    log: RefCell<Vec<String>>,
}

/// A write that was not sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Withheld {
    /// `POST`, `PATCH` or `DELETE`.
    pub method: String,
    /// Path below the address of the API.
    pub path: String,
    /// The body, JSON.
    pub body: Value,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It was applied.
    Applied,
    /// It may have been: read before anything else is written.
    Unknown,
}

/// The items of a list.
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    /// Whether these are all.
    pub(crate) is_complete: bool,
}

impl<'a> Client<'a> {
    /// A client for the API at `base`.
    ///
    /// # Errors
    /// When no TLS can be set up, in words.
    pub fn new(
        base: &Base,
        token: &str,
        clock: &'a dyn Clock,
        deadlines: Deadlines,
    ) -> Result<Self, String> {
        Ok(Self {
            transport: Transport::new(base, Some(token), &deadlines)?,
            clock,
            deadlines,
            last_write: Cell::new(None),
            sent: Cell::new(0),
            withheld: None,
            log: RefCell::default(),
        })
    }

    /// The same, but every write is kept back for [`Client::withheld`].
    #[must_use]
    pub fn dry(self) -> Self {
        Self {
            withheld: Some(RefCell::default()),
            ..self
        }
    }

    /// Writes kept back, in order.
    #[must_use]
    pub fn withheld(&self) -> Vec<Withheld> {
        self.withheld
            .as_ref()
            .map(|all| all.borrow().clone())
            .unwrap_or_default()
    }

    pub(crate) fn is_dry(&self) -> bool {
        self.withheld.is_some()
    }

    /// Requests sent so far, retries included.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.get()
    }

    /// What was worth telling since the last call: waits and retries, one line each.
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
    }

    pub(crate) fn tell(&self, line: String) {
        self.log.borrow_mut().push(line);
    }

    /// Reads one object.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        parsed(&self.read(path).await?, path)
    }

    /// Reads a list, at most `most_pages` of it. `items` unwraps a page.
    pub(crate) async fn list<P: DeserializeOwned, T>(
        &self,
        path: &str,
        most_pages: usize,
        items: fn(P) -> Vec<T>,
    ) -> Result<Listed<T>, Fault> {
        let mut all = Vec::new();
        let separator = if path.contains('?') { '&' } else { '?' };
        for page in 1..=most_pages {
            // Pages are counted here: a link could point anywhere.
            let path = format!("{path}{separator}per_page={PER_PAGE}&page={page}");
            let answer = self.read(&path).await?;
            all.extend(items(parsed(&answer, &path)?));
            if !answer.has_next {
                return Ok(Listed {
                    items: all,
                    is_complete: true,
                });
            }
        }
        Ok(Listed {
            items: all,
            is_complete: false,
        })
    }

    /// Reads; a redirect is an answer here, see [`Client::read`].
    pub(crate) async fn read_redirect(&self, path: &str) -> Result<Answer, Fault> {
        let answer = self.until_taken(Kind::Read, Method::GET, path, None).await;
        answer.map(|answer| answer.unwrap_or_default())
    }

    async fn read(&self, path: &str) -> Result<Answer, Fault> {
        let answer = self.read_redirect(path).await?;
        match answer.status {
            300..=399 => Err(Fault::Moved {
                request: retry::name(&Method::GET, path),
                location: crate::fault::harmless(answer.location.as_deref().unwrap_or("nowhere")),
            }),
            _ => Ok(answer),
        }
    }

    /// Writes once. Its answer is not read: what was written is seen by reading.
    pub(crate) async fn write(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Sent, Fault> {
        if let Some(withheld) = &self.withheld {
            let (method, path, body) = (method.to_string(), path.to_owned(), body.clone());
            withheld.borrow_mut().push(Withheld { method, path, body });
            return Ok(Sent::Applied);
        }
        let body = (!body.is_null()).then_some(body);
        let answer = self.until_taken(Kind::Write, method, path, body).await?;
        Ok(if answer.is_some() {
            Sent::Applied
        } else {
            Sent::Unknown
        })
    }

    /// Tries until an answer is good; `None` for a write whose outcome is unknown.
    async fn until_taken(
        &self,
        kind: Kind,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<Answer>, Fault> {
        let request = retry::name(&method, path);
        for tries in 1.. {
            if kind == Kind::Write {
                self.pace(&request).await?;
            }
            let left = self.left();
            if left.is_zero() {
                return Err(late(&request));
            }
            self.sent.set(self.sent.get() + 1);
            let deadline = self.deadlines.call.min(left);
            let outcome = self
                .transport
                .call(method.clone(), path, body, deadline)
                .await;
            if kind == Kind::Read
                && outcome
                    .as_ref()
                    .is_ok_and(|a| (300..400).contains(&a.status))
            {
                return Ok(outcome.ok());
            }
            match retry::next(kind, tries, &outcome, self.clock.unix(), &request) {
                Next::Take => return Ok(outcome.ok()),
                Next::Stop(fault) => return Err(fault),
                Next::Wait(time) => self.wait(time, &request).await?,
                Next::Jittered(most) => self.back_off(most, &request).await?,
                Next::Reconcile(most) => {
                    self.back_off(most, &request).await?;
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// Waits a random time below `most` before another try, unless that is longer than is left.
    pub(crate) async fn back_off(&self, most: Duration, request: &str) -> Result<(), Fault> {
        let time = self.clock.below(most);
        if time > self.left() {
            return Err(late(request));
        }
        self.wait(time, request).await
    }

    /// Waits as GitHub asks, unless that is longer than allowed or than is left.
    async fn wait(&self, time: Duration, request: &str) -> Result<(), Fault> {
        if time > self.deadlines.wait || time > self.left() {
            return Err(Fault::Deferred(time));
        }
        self.tell(format!("{request}: again in {:.1} s", time.as_secs_f64()));
        self.clock.sleep(time).await;
        Ok(())
    }

    /// Time left for everything.
    pub(crate) fn left(&self) -> Duration {
        self.deadlines.total.saturating_sub(self.clock.elapsed())
    }

    /// Keeps writes apart.
    async fn pace(&self, request: &str) -> Result<(), Fault> {
        if let Some(last) = self.last_write.get() {
            let due = last + self.deadlines.between_writes;
            let time = due.saturating_sub(self.clock.elapsed());
            if time > self.left() {
                return Err(late(request));
            }
            if !time.is_zero() {
                self.clock.sleep(time).await;
            }
        }
        self.last_write.set(Some(self.clock.elapsed()));
        Ok(())
    }

    pub(crate) fn count(&self) {
        self.sent.set(self.sent.get() + 1);
    }
}

/// Nobody asked for a wait: there is no time for another try.
fn late(request: &str) -> Fault {
    Fault::NoAnswer {
        request: request.to_owned(),
        why: "the time for all requests is over".to_owned(),
    }
}

fn parsed<T: DeserializeOwned>(answer: &Answer, path: &str) -> Result<T, Fault> {
    serde_json::from_slice(&answer.body).map_err(|error| Fault::NoAnswer {
        request: retry::name(&Method::GET, path),
        why: crate::fault::harmless(&error.to_string()),
    })
}

/// A value as part of a path or query: everything that is not unreserved is spelled out.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte))
                }
                byte => out.push_str(&format!("%{byte:02X}")),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_branch_cannot_leave_its_parameter() {
        for (text, expected) in [
            ("main", "main"),
            ("a/b", "a%2Fb"),
            ("x&state=all#", "x%26state%3Dall%23"),
            ("caf\u{e9} +", "caf%C3%A9%20%2B"),
            ("github-actions[bot]", "github-actions%5Bbot%5D"),
        ] {
            assert_eq!(encoded(text), expected);
        }
    }
}

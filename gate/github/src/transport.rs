//! One request and its answer, with every end that octocrab leaves open closed: a total deadline, a
//! size cap, no redirects, no retries.

use std::error::Error as _;
use std::time::Duration;

use http::header::{ACCEPT, HeaderMap, LINK, LOCATION, RETRY_AFTER};
use http::{Method, Request};
use http_body_util::BodyExt;
use octocrab::Octocrab;
use serde_json::Value;

use crate::base::Base;
use crate::clock::Deadlines;

/// Largest answer of the API: a page of a hundred comments of the longest kind is 7 MB.
const MAX_ANSWER: usize = 16 << 20;

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) remaining: Option<u64>,
    /// Time since 1970.
    pub(crate) reset: Option<Duration>,
    pub(crate) location: Option<String>,
    /// Whether there is a page after this one.
    pub(crate) has_next: bool,
    pub(crate) body: Vec<u8>,
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No connection, so nothing was done.
    NotSent(String),
    /// It may have been done or not.
    Unknown(String),
    /// More bytes than the cap.
    TooLarge,
}

/// A connection to one host, with or without a token.
pub(crate) struct Transport {
    crab: Octocrab,
}

impl Transport {
    /// To the API. The token is set on the builder: set later, it does not reach every page of every host.
    pub(crate) fn new(
        base: &Base,
        token: Option<&str>,
        deadlines: &Deadlines,
    ) -> Result<Self, String> {
        let builder = Octocrab::builder()
            .base_uri(base.as_uri().clone())
            .map_err(|error| error.to_string())?
            .set_connect_timeout(Some(deadlines.connect));
        let builder = match token {
            Some(token) => builder.personal_token(token.to_owned()),
            None => builder,
        };
        let crab = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { crab })
    }

    /// Sends one request to the API.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        deadline: Duration,
    ) -> Result<Answer, Lost> {
        self.within(method, path, body, deadline, MAX_ANSWER).await
    }

    /// Downloads at most `most` bytes.
    pub(crate) async fn download(
        &self,
        path: &str,
        deadline: Duration,
        most: usize,
    ) -> Result<Answer, Lost> {
        self.within(Method::GET, path, None, deadline, most).await
    }

    async fn within(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        deadline: Duration,
        most: usize,
    ) -> Result<Answer, Lost> {
        let exchange = self.exchange(method, path, body, most);
        // A read timeout alone is outlived by a server that drips.
        match tokio::time::timeout(deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(Lost::Unknown("no complete answer in time".to_owned())),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        most: usize,
    ) -> Result<Answer, Lost> {
        let not_sent = |error: octocrab::Error| Lost::NotSent(said(&error));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, "application/vnd.github+json");
        let request = self.crab.build_request(request, body).map_err(not_sent)?;
        let response = self.crab.execute(request).await.map_err(lost)?;
        let (parts, mut body) = response.into_parts();
        let mut answer = read_headers(parts.status.as_u16(), &parts.headers);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Lost::Unknown(said(&error)))?;
            if let Ok(bytes) = frame.into_data() {
                if answer.body.len() + bytes.len() > most {
                    return Err(Lost::TooLarge);
                }
                answer.body.extend_from_slice(&bytes);
            }
        }
        Ok(answer)
    }
}

fn read_headers(status: u16, headers: &HeaderMap) -> Answer {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|text| text.trim().parse::<u64>().ok());
    Answer {
        status,
        retry_after: number(RETRY_AFTER.as_str()).map(Duration::from_secs),
        remaining: number("x-ratelimit-remaining"),
        reset: number("x-ratelimit-reset").map(Duration::from_secs),
        location: text(LOCATION.as_str()).map(str::to_owned),
        has_next: text(LINK.as_str()).is_some_and(|link| link.contains("rel=\"next\"")),
        body: Vec::new(),
    }
}

/// Only a connection that never stood proves that nothing was sent.
fn lost(error: octocrab::Error) -> Lost {
    let mut cause = error.source();
    while let Some(at) = cause {
        let client = at.downcast_ref::<hyper_util::client::legacy::Error>();
        if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return Lost::NotSent(said(&error));
        }
        cause = at.source();
    }
    Lost::Unknown(said(&error))
}

/// The innermost reason: what wraps it says no more.
fn said(error: &octocrab::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    crate::fault::harmless(text.lines().next().unwrap_or_default())
}

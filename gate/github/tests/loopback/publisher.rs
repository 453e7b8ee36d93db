//! A publisher with something to say about pull request 5.

use gate_github::base::Base;
use gate_github::client::Client;
use gate_github::find::{Conclusion, Measured, PullRequest, Target};
use gate_github::write::{CheckText, CommentText, Texts, Verdict, Wish, Written, write};
use gate_github::{Fault, Settings};

use crate::server::Server;
use crate::store::{BOT, HEAD};
use crate::time::FakeClock;

pub(crate) fn settings() -> Settings {
    Settings {
        repository: "o/r".into(),
        workflow: "gate.yml".into(),
        artifact: "gate-runs".into(),
        author: BOT.into(),
        check: "gate".into(),
    }
}

pub(crate) fn measured() -> Measured {
    Measured {
        run: 7,
        attempt: 1,
        head: HEAD.into(),
        conclusion: Conclusion::Success,
        target: Target::Pull(PullRequest {
            number: 5,
            is_fork: true,
            edits_policy: false,
        }),
        base: None,
    }
}

pub(crate) fn client<'a>(server: &Server, clock: &'a FakeClock) -> Client<'a> {
    let base = Base::parse(&server.url).expect("loopback");
    Client::new(&base, "secret", clock, clock.deadlines).expect("certificates")
}

pub(crate) async fn publish(server: &Server, clock: &FakeClock) -> Result<Written, Fault> {
    publish_for(server, clock, &measured()).await
}

pub(crate) async fn publish_for(
    server: &Server,
    clock: &FakeClock,
    measured: &Measured,
) -> Result<Written, Fault> {
    let body = |_: usize| "### FAIL: slower".to_owned();
    let texts = Texts {
        check: CheckText {
            verdict: Verdict::Failure,
            title: "FAIL: slower".into(),
            summary: "slower".into(),
            details_url: None,
        },
        comment: CommentText {
            wish: Wish::Create,
            body: &body,
        },
    };
    write(&client(server, clock), &settings(), measured, &texts).await
}

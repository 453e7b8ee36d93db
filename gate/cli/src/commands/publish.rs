//! `gate publish`: event -> pull request -> artifact -> verdict -> summary -> check run -> one comment.

use gate_github::bundle::{self, Rejected, Rule};
use gate_github::client::Client;
use gate_github::clock::Deadlines;
use gate_github::find::{Conclusion, Found, Measured};
use gate_github::write::{CheckDone, CommentDone, CommentText, Texts, Written, write};
use gate_github::{Fault, Fetched, changed, fetch, find, is_shared};
use gate_render::Notice;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;

use crate::args::Publish;
use crate::diagnostic::{self, Diagnostic, Place};
use crate::publish::judge::{Rules, Unjudged};
use crate::publish::say::{self, Said, occasion, put_page, summarise, without_artifact};
use crate::publish::settings::{self, Told};
use crate::publish::wall::Wall;
use crate::terminal;

/// Why publishing stopped.
enum Stopped {
    Problems(Vec<Diagnostic>),
    GitHub(Fault),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::GitHub(fault)
    }
}

impl From<Vec<Diagnostic>> for Stopped {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Self::Problems(problems)
    }
}

pub(crate) fn run(arguments: &Publish) -> Result<ExitCode, Vec<Diagnostic>> {
    let told = settings::read(arguments)?;
    // A check that is required and never comes blocks for ever: what is wrong with the files that decide is
    // said on the pull request, too.
    let rules = Rules::read(arguments).map_err(|problems| unusable(&problems));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| vec![settings::no_client(&error.to_string())])?;
    let clock = Wall::start();
    runtime.block_on(async {
        // Connections are made inside the runtime.
        let client = Client::new(&told.base, &told.token, &clock, Deadlines::default());
        let client = client.map_err(|error| vec![settings::no_client(&error)])?;
        let client = if arguments.dry_run {
            client.dry()
        } else {
            client
        };
        let published = publish(&client, arguments, &told, rules.as_ref()).await;
        for line in client.take_log() {
            terminal::talk(&format!("note: {line}\n"));
        }
        match published {
            Ok(code) => Ok(code),
            Err(Stopped::Problems(problems)) => Err(problems),
            Err(Stopped::GitHub(fault)) => Ok(unpublished(&fault, &told)),
        }
    })
}

async fn publish(
    client: &Client<'_>,
    arguments: &Publish,
    told: &Told,
    rules: Result<&Rules, &Notice>,
) -> Result<ExitCode, Stopped> {
    let measured = match find(client, &told.github, &told.event).await? {
        Found::Measured(measured) => measured,
        Found::Nothing(why) => {
            terminal::answer(&format!("nothing to publish: {why}\n"))?;
            return Ok(ExitCode::Pass);
        }
    };
    let (said, artifact) = match rules {
        Ok(rules) => judge(client, arguments, told, rules, &measured).await?,
        Err(&notice) => (Said::Notice(notice), None),
    };
    let declared = rules.ok().and_then(Rules::declared);
    let has_page = put_page(arguments.page.as_deref(), &said);
    let occasion = occasion(told, &measured, artifact, declared, has_page);
    // First of all the report is kept: whatever fails from here on, it can be read.
    summarise(told.summary.as_deref(), &said.summary(&occasion));
    let body = |most| said.text(&occasion, most);
    let texts = Texts {
        check: said.check(&occasion, told, arguments.blocking),
        comment: CommentText {
            wish: said.wish(arguments),
            body: &body,
        },
    };
    let written = write(client, &told.github, &measured, &texts).await;
    for withheld in client.withheld() {
        terminal::answer(&format!(
            "{} {}\n{}\n\n",
            withheld.method,
            withheld.path,
            say::json_for_log(&withheld.body)
        ))?;
    }
    let verb = if arguments.dry_run { "would be " } else { "" };
    match written {
        Ok(written) => {
            let title = say::for_log(&said.title());
            terminal::answer(&format!("{title}\n{}\n", told_of(&written, verb)))?
        }
        Err(fault) => {
            terminal::answer(&format!("{}\n", say::for_log(&said.title())))?;
            return Err(fault.into());
        }
    }
    Ok(said.exit_code())
}

/// What the run measured and what it is worth, with the artifact it came in.
async fn judge(
    client: &Client<'_>,
    arguments: &Publish,
    told: &Told,
    rules: &Rules,
    measured: &Measured,
) -> Result<(Said, Option<u64>), Stopped> {
    let without = |notice| Ok((Said::Notice(notice), None));
    if let Some(notice) = without_artifact(measured.conclusion) {
        return without(notice);
    }
    let is_success = measured.conclusion == Conclusion::Success;
    let (id, attempt, bytes) = match fetch(client, &told.github, measured).await? {
        Fetched::Bytes { id, attempt, bytes } => (id, attempt, bytes),
        // That it needs no measuring is not believed of the run that left it out.
        Fetched::Absent if is_success => {
            let paths = changed(client, &told.github, measured).await?;
            return without(match paths {
                Some(paths) if rules.ignore(&paths) => Notice::NothingToMeasure,
                _ => Notice::NothingMeasured,
            });
        }
        Fetched::Absent => return without(Notice::Failed),
        Fetched::Expired => return without(Notice::Expired),
        Fetched::Rejected(rejected) => return without(reject(rejected)),
    };
    let bundle = match bundle::read(&bytes, &measured.head) {
        Ok(bundle) => bundle,
        Err(rejected) => return Ok((Said::Notice(reject(rejected)), Some(id))),
    };
    let base = bundle.baseline.source.commit.as_deref();
    if !is_shared(client, &told.github, measured, base.unwrap_or_default()).await? {
        let (rule, offset) = (Rule::Base, 0);
        return Ok((Said::Notice(reject(Rejected { rule, offset })), Some(id)));
    }
    if let Some(rejected) = bundle.refused {
        terminal::talk(&format!(
            "note: a profile is left out: it breaks rule {}\n",
            rejected.rule.id()
        ));
    }
    // Of an earlier attempt, or of a measurement that was stopped, on a full disk for example.
    let is_partial = attempt < measured.attempt || !bundle.has_verdict;
    let said = match rules.judge(bundle, arguments) {
        // Such runs cannot say that the run that failed is fine.
        Ok((report, _)) if is_partial && !is_success && report.exit_code == ExitCode::Pass => {
            Said::Notice(Notice::Failed)
        }
        Ok((report, figures)) => Said::Report(Box::new(report), figures),
        Err(Unjudged::Rejected(rejected)) => Said::Notice(reject(rejected)),
        Err(Unjudged::OtherTier) => Said::Notice(Notice::OtherTier),
        Err(Unjudged::Unjudgeable(problem)) => {
            terminal::talk(&diagnostic::render(&[*problem]));
            Said::Notice(Notice::Unjudgeable)
        }
        Err(Unjudged::Problems(problems)) => Said::Notice(unusable(&problems)),
    };
    Ok((said, Some(id)))
}

/// Tells the log what is wrong with the files of the default branch; without them nothing is judged.
fn unusable(problems: &[Diagnostic]) -> Notice {
    terminal::talk(&diagnostic::render(problems));
    Notice::Unusable(
        problems
            .first()
            .map_or(Code::Publish, |first| first.code)
            .as_str(),
    )
}

/// Tells the log which rule was broken where, and nothing of what was there.
fn reject(rejected: Rejected) -> Notice {
    let rule = rejected.rule.id();
    let message = format!(
        "the artifact breaks rule {rule} at byte {}",
        rejected.offset
    );
    let place = Place::Flag("the artifact");
    let hint = "docs/publishing.md says what an artifact may hold";
    terminal::talk(&diagnostic::render(&[Diagnostic::new(
        Code::Rejected,
        message,
        place,
        hint,
    )]));
    Notice::Rejected(rule)
}

fn told_of(written: &Written, verb: &str) -> String {
    let check = match written.check {
        CheckDone::Created => format!("{verb}created"),
        CheckDone::Updated => format!("{verb}updated"),
        CheckDone::Unchanged => "said so already".to_owned(),
        CheckDone::Kept => "kept: a newer run has spoken".to_owned(),
        CheckDone::None(why) => format!("none: {why}"),
    };
    let comment = match written.comment {
        CommentDone::Created => format!("{verb}created"),
        CommentDone::Updated => format!("{verb}updated"),
        CommentDone::Unchanged => "said so already".to_owned(),
        CommentDone::Kept => "kept: a newer run has spoken".to_owned(),
        CommentDone::None(why) => format!("none: {why}"),
    };
    format!("check run {check}; comment {comment}")
}

/// Tells why nothing or not everything was published; the verdict stays what it is.
fn unpublished(fault: &Fault, told: &Told) -> ExitCode {
    let hint = advice(fault);
    let problem = Diagnostic::new(Code::GitHub, fault.to_string(), Place::Flag("GitHub"), hint);
    summarise(
        told.summary.as_deref(),
        &format!("**Not published:** {hint}. The log of this job names the request."),
    );
    terminal::talk(&diagnostic::render(&[problem]));
    ExitCode::Unpublished
}

fn advice(fault: &Fault) -> &'static str {
    match fault {
        Fault::Permission { status: 401, .. } => "the token is not accepted: set GITHUB_TOKEN",
        Fault::Permission { request, .. } => permission(request),
        Fault::Deferred(_) => "start this run again later: the rate limit is used up",
        Fault::Moved { .. } => "the repository has moved: publish to its new address",
        Fault::Missing { .. } => {
            "check the repository, the name of the workflow, and the permissions of the token"
        }
        Fault::ReadOnly(_) | Fault::Refused { .. } => "see the words of GitHub in the log",
        Fault::NoAnswer { .. } => "start this run again: GitHub does not answer",
        Fault::TooLarge(_) | Fault::Address(_) => "check the address of the API",
    }
}

/// The permission that a request needs.
fn permission(request: &str) -> &'static str {
    if request.contains("/check-runs") {
        "the token needs the permission `checks: write`"
    } else if request.contains("/actions/") {
        "the token needs the permission `actions: read`"
    } else if request.contains("/issues/") || request.contains("/pulls") {
        "the token needs the permission `pull-requests: write`"
    } else {
        "the token needs the permission `contents: read`"
    }
}

//! The report as one page of HTML that needs nothing else: no network, no server, no framework.
//!
//! Outcome, what to do, budgets and environment are plain HTML. The rows are embedded as JSON, worded
//! here, and laid out by the page's own small script as they are asked for, so that thousands of them
//! open at once. Text from outside reaches the page as escaped HTML or as a JSON string that the script
//! only ever puts into text nodes; a content security policy lets nothing run but that script.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use gate_schema::id::ScenarioId;
use gate_schema::report::{Outcome, Report};
use sha2::{Digest, Sha256};

use crate::escape::Target;
use crate::sentence;

mod axis;
mod course;
mod effect;
mod frames;
mod markup;
mod parts;
mod rows;
mod scene;
mod series;
mod spread;
use markup::{escaped, inside_script};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// A picture of a scenario that the page shows, such as its flamegraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The scenario; each of its rows shows the picture.
    pub scenario: ScenarioId,
    /// What it shows, in our words.
    pub title: String,
    /// A whole SVG document, shown as a picture, in which no script runs. Without it there is the link
    /// alone.
    pub svg: Option<String>,
    /// Where the same can be searched and zoomed: a file beside the page, as a relative address.
    pub link: Option<String>,
}

/// The report as a page, with `figures` where its rows unfold.
#[must_use]
pub fn html(report: &Report, figures: &[Figure]) -> String {
    let target = Target::Unicode;
    let sentence = sentence::outcome(report, target);
    let outcome = match sentence.outcome {
        Outcome::Pass => "pass",
        Outcome::Undecided => "undecided",
        Outcome::Fail => "fail",
    };
    // The only text that the policy knows is ours, and the digests are of exactly these bytes.
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE)
    );
    let mut page = String::with_capacity(64 * 1024);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        sentence.word,
        escaped(&sentence.text.replace('`', "")),
    ));
    page.push_str(&format!(
        "<header class=\"{outcome}\">\n<h1><span class=\"word\">{}</span> {}</h1>\n",
        sentence.word,
        markup::prose(&sentence.text)
    ));
    parts::put_sides(&mut page, report);
    page.push_str("</header>\n<main>\n");
    page.push_str("<div class=\"lead\">\n");
    parts::put_steps(&mut page, report);
    parts::put_notes(&mut page, report);
    page.push_str("</div>\n");
    parts::put_failures(&mut page, report);
    parts::put_rows(&mut page, report);
    series::put_series(&mut page, report);
    parts::put_budgets(&mut page, report);
    parts::put_environment(&mut page, report);
    page.push_str("</main>\n<script type=\"application/json\" id=\"report\">");
    page.push_str(&inside_script(&rows::json(report, figures)));
    page.push_str(&format!(
        "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    ));
    page
}

/// A source of a content security policy: the digest of an inline script or style.
fn digest(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text)))
}

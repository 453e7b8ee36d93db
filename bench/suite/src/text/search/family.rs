//! What is asked: by class of terms, how they are joined, and what is wanted of the hits.

use bench_harness::Tier;

use super::super::queries;
use super::super::truth::TOP;
use super::{OPERATIONS, Search, Wanted};
use crate::signals::events::Popularity;

/// The commonest shape of a query.
const TWO_TERMS: Search = Search {
    id: "text/search/two-terms",
    about: "Ten best documents by BM25 for either of two mid-frequency terms. \
            The commonest shape of a full-text query, over an index in the state that 27 \
            commits leave it in. \
            Read latency together with segments: every segment is searched apart, so a merge \
            policy that leaves more of them slows every query down.",
    family: &queries::TWO_TERMS,
    wanted: Wanted::Best(TOP),
    popularity: Popularity::Uniform,
    smallest_tier: Tier::Tiny,
    pr: OPERATIONS,
    nightly: OPERATIONS,
};

/// The scenarios, `two-terms` first: the smallest tier has no other.
pub(crate) static SEARCHES: [Search; 17] = [
    TWO_TERMS,
    Search {
        id: "text/search/zipf",
        about: "The searches of text/search/two-terms, some queries far more often than others: the first \
                of 1,000 is 13 % of all, the i-th 1 / i^0.99 of that. \
                What real traffic looks like, where popular queries find the lists they need in the \
                caches. \
                Read latency beside text/search/two-terms: the distance is what caches are worth, and \
                what one popular query costs by itself.",
        popularity: Popularity::Skewed,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/one-term",
        about: "Ten best documents by BM25 for one term, drawn from documents. \
                What a search costs before it has to join anything: finding the term in each \
                segment, and one list. \
                Half of the terms are rare and take microseconds, so read p50 as the fixed cost of \
                a search and p99 as the cost of a long list.",
        family: &queries::ONE_TERM,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/three-terms",
        about: "Ten best documents by BM25 for any of three terms of one document, as often as \
                documents use them. \
                One frequent term among them makes most documents a hit, and the engine has to skip \
                those that cannot be among the best. \
                Read it beside `text/search/two-terms`: when it grows alone, skipping became worse.",
        family: &queries::THREE_TERMS,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 10_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/and",
        about: "Ten best documents by BM25 that have both of two terms of one document, as often as \
                documents use them. \
                Intersecting goes at the speed of the rarer term. \
                Every query has a hit; read p99 as that of two frequent terms.",
        family: &queries::AND,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/phrase",
        about: "Ten best documents by BM25 that have two terms next to each other, as some document \
                does. \
                The only search that reads positions, a third of the index: for every document with \
                both terms, to find that most have them apart. \
                Read p99 as that of two frequent terms.",
        family: &queries::PHRASE,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 10_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/head",
        about: "Ten best documents by BM25 for either of two of the 50 most frequent terms. \
                Nearly every document is a hit, so this is the longest that a disjunction takes and \
                what the latency promised to users has to bear. \
                Operations are slow and therefore few, 2,000 on the largest tier: p99 lies between \
                p98.5 and p99.4 of all, so read p50 first.",
        family: &queries::HEAD,
        smallest_tier: Tier::Pr,
        pr: 5_000,
        nightly: 2_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/mid",
        about: "Ten best documents by BM25 for either of two mid-frequency terms that were not drawn \
                from one document. \
                In `text/search/two-terms` some documents have both and soon make the others not \
                worth looking at; here there may be none. \
                Read it beside that one: the difference is what skipping gains.",
        family: &queries::MIDDLE,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/tail",
        about: "Ten best documents by BM25 for either of two rare terms. \
                Lists are so short that finding them in every segment is most of the work. \
                Read it as the price of a segment: it grows with their number and hardly with that \
                of documents.",
        family: &queries::TAIL,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/four-terms",
        about: "Ten best documents by BM25 for any of four terms of one document, as often as documents use \
                them. \
                One more list than text/search/three-terms, one less than text/search/five-terms. \
                Read the three as a line: what one more term costs.",
        family: &queries::FOUR_TERMS,
        smallest_tier: Tier::Nightly,
        nightly: 10_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/five-terms",
        about: "Ten best documents by BM25 for any of five terms of one document, as often as documents use \
                them. \
                A whole sentence as a query: nearly every document is a hit, and the rare terms among the \
                five decide which are good. \
                Read it beside text/search/three-terms: when it grows alone, skipping became worse with \
                the number of lists.",
        family: &queries::FIVE_TERMS,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 5_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/top100",
        about: "A hundred best documents by BM25 for the queries of text/search/two-terms. \
                What a service asks that ranks again by other means. \
                The hundredth is worth less than the tenth, so less can be skipped. \
                Read it beside text/search/two-terms: the distance is what ninety more documents cost.",
        wanted: Wanted::Best(100),
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/count",
        about: "How many documents have either of two mid-frequency terms, the queries of \
                text/search/two-terms. \
                What a page says above its results: nothing is ranked, and nothing can be skipped. \
                Read it beside text/search/two-terms, which skips and has to score: the slower one says which \
                of the two weighs more.",
        wanted: Wanted::Count,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/count-head",
        about: "How many documents have either of two of the 50 most frequent terms, the queries of \
                text/search/head. \
                The longest lists there are, read to their ends: what decoding a posting costs. \
                Operations are slow and therefore few, 2,000 on the largest tier: read p50 first.",
        family: &queries::HEAD,
        wanted: Wanted::Count,
        smallest_tier: Tier::Pr,
        pr: 5_000,
        nightly: 2_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/prefix",
        about: "Ten documents with a term that begins as a term of some document does, all but its last \
                letter. \
                What a search box asks while somebody types. A beginning stands for 11 terms, 111, or \
                1,111, all of them rare or some of them frequent; every hit is worth the same, so all are \
                found before ten are returned. \
                Read p50 as that of short lists and p99 as that of 1,111 terms. The engine takes the first \
                50 terms only unless it is told otherwise; here it is, and the number of hits is checked.",
        family: &queries::PREFIX,
        smallest_tier: Tier::Pr,
        pr: 5_000,
        nightly: 2_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/filtered-10pct",
        about: "Ten best documents by BM25 for either of two mid-frequency terms, among a tenth of all \
                documents: those whose id, a fast field, is in a window. \
                What a search for the last month asks. Each query has a window of its own, around a \
                document that has both terms; segments that hold none of it are passed over. \
                Read it beside text/search/two-terms: a filter leaves less to rank and keeps the engine \
                from skipping by score.",
        family: &queries::IN_A_TENTH,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 5_000,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/filtered-1pct",
        about: "The searches of text/search/filtered-10pct among a hundredth of all documents. \
                What a search for yesterday asks. \
                Read it beside text/search/filtered-10pct: if it does not get cheaper, the filter is \
                evaluated for documents that are not asked for.",
        family: &queries::IN_A_HUNDREDTH,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 5_000,
        ..TWO_TERMS
    },
];

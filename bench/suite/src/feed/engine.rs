//! The engine behind a request: all areas over the same items.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_harness::{Artifact, Context, Failure, Needs, Tier};
use tantivy::collector::TopDocs;
use tantivy::query::Query;
use tantivy::{DocAddress, Score, Searcher};
use usearch::Index;

use super::rank::{Scored, diversify, followed, fuse, score};
use super::serving::WRITES;
use super::stages::{Stage, Watch};
use crate::session::{Session, Sessions};
use crate::signals::entity::Entity;
use crate::signals::events::{Event, Popularity, Trace};
use crate::signals::signal::{Counter, Signal};
use crate::signals::store::{Options, Signals};
use crate::signals::window::Window;
use crate::social::graph::population;
use crate::social::{Graph, Social};
use crate::text::corpus::Corpus;
use crate::text::index::IndexFiles as TextFiles;
use crate::text::live::Live;
use crate::text::policy::Merging;
use crate::text::schema::prose;
use crate::vector::checked;
use crate::vector::index::IndexFiles as VectorFiles;
use crate::vector::rows::{DIMENSIONS, Generator, QUERIES, Rows};
use crate::vector::truth::Neighbour;

/// Items looked for by each engine. Four times what is shown, because blocked creators and creators
/// with many items leave out some.
pub(crate) const CANDIDATES: usize = 200;

/// The signal that makes items popular.
pub(crate) const LIKES: u8 = 1;

/// How far back popularity looks.
pub(crate) const WINDOW: Window = Window::Week;

/// Items that can be added beside requests: more than the longest measurement adds.
const ROOM: usize = 100_000;

/// Items that are added together, text and vector.
pub(crate) const BATCH: usize = 10;

/// What of the relations of a user a request looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sets {
    /// Whom the user blocks: none of their items is shown.
    Blocks,
    /// These, and whom the user follows: their items come sooner.
    FollowsAndBlocks,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) user: u32,
    pub(crate) sets: Sets,
}

/// The component behind feeds and searches.
pub(crate) struct Engine {
    pub(crate) items: usize,
    pub(crate) vectors: Index,
    pub(crate) text: Live,
    pub(crate) signals: Signals<Entity<Signal>>,
    pub(crate) social: Social,
    pub(crate) sessions: Sessions,
    /// Events that were written, and those that will be.
    pub(crate) events: Vec<Event>,
    pub(crate) written: AtomicUsize,
    /// How many were written again, those that were written once around and around.
    again: AtomicUsize,
    /// What new items are made of.
    rows: Generator,
    corpus: Corpus,
    added: AtomicUsize,
    /// The first thing that went wrong while something was added.
    pub(crate) refused: Mutex<Option<String>>,
}

impl Engine {
    /// The prepared files that all tiers of it load.
    pub(crate) fn artifacts(tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![
            Box::new(VectorFiles::of(tier)),
            Box::new(TextFiles::of(tier.items())),
        ]
    }

    pub(crate) fn needs(tier: Tier) -> Needs {
        let items = tier.items();
        let vectors = VectorFiles::over(Rows {
            items: items + ROOM,
            dimensions: DIMENSIONS,
        });
        // Signals, relations, sessions and the text index, by measurement 700 bytes an item.
        Needs::memory(vectors.loaded().memory_bytes + (items * 700) as u64 + (256 << 20))
    }

    /// Loads it for that many threads that ask at the same time.
    pub(crate) fn load(
        context: &Context,
        expansion: usize,
        threads: usize,
    ) -> Result<Self, Failure> {
        let tier = context.tier();
        let items = tier.items();
        let vectors = VectorFiles::of(tier).load(context, expansion)?;
        // One more for the thread that adds.
        vectors.reserve_capacity_and_threads(items + ROOM, threads + 1)?;
        let text = Live::start(
            &context.prepared(&TextFiles::of(tier.items()))?,
            &Merging::of(context),
        )?;
        let events = Trace::of(tier, Popularity::Skewed).generate();
        let signals = Signals::new(Options {
            capacity: items,
            ..Options::default()
        });
        // Half of the events have happened; the others happen beside requests, if they do.
        let written = events.len() / 2;
        for event in &events[..written] {
            signals.write(event);
        }
        let rows = Generator::new(DIMENSIONS);
        let graph = Graph::new(items);
        let sessions = Sessions::with_capacity(users(items));
        for user in 0..users(items) {
            let query: [f32; DIMENSIONS] = rows
                .query(user)
                .try_into()
                .map_err(|_| "a query has as many dimensions as a session")?;
            let session = Session {
                vector: &query,
                weight: 1.0,
                ended_s: 0,
            };
            sessions
                .merge(user as u32, &session)
                .map_err(|_| "a query is a session")?;
        }
        Ok(Self {
            items,
            vectors,
            text,
            signals,
            social: graph.relations(),
            sessions,
            events,
            written: AtomicUsize::new(written),
            again: AtomicUsize::new(0),
            rows,
            corpus: Corpus::new(),
            added: AtomicUsize::new(0),
            refused: Mutex::new(None),
        })
    }

    /// The moment at which everything is asked: when the last event happened that was written. At the
    /// end of all events, half of them would lie weeks back and no like would count any more.
    pub(crate) fn now_s(&self) -> u32 {
        if let Some(last) = self.again.load(Ordering::Relaxed).checked_sub(1) {
            return self.repeated(last).time_s;
        }
        self.first().last().map_or(0, |event| event.time_s)
    }

    /// The events that were written once.
    fn first(&self) -> &[Event] {
        let written = self.written.load(Ordering::Relaxed);
        &self.events[..written.min(self.events.len())]
    }

    /// All events that were written, in order of time.
    pub(crate) fn happened(&self) -> Vec<Event> {
        let again = 0..self.again.load(Ordering::Relaxed);
        let repeated = again.map(|number| self.repeated(number));
        self.first().iter().cloned().chain(repeated).collect()
    }

    /// The event that is written again as the one with that number: the same at a later time, which goes on by
    /// itself.
    fn repeated(&self, number: usize) -> Event {
        let first = self.first();
        let last_s = first.last().map_or(0, |event| event.time_s);
        let event = first[number % first.len()].clone();
        Event {
            time_s: last_s + (number as f64 / WRITES) as u32,
            ..event
        }
    }

    /// The feed of who asks, best first.
    pub(crate) fn retrieve(
        &self,
        asker: Asker,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Scored>, Failure> {
        let preference = self
            .sessions
            .preference(asker.user)
            .ok_or("a user without sessions")?;
        let candidates = self.near(&preference)?;
        watch.end(Stage::Vectors);
        let blocked = self.social.blocked(asker.user);
        let now_s = self.now_s();
        let mut scored: Vec<Scored> = candidates
            .iter()
            .filter(|candidate| !blocked.has_made(candidate.key))
            .map(|candidate| Scored {
                item: candidate.key,
                score: score(candidate.distance, self.likes(candidate.key, now_s)),
            })
            .collect();
        watch.end(Stage::Score);
        self.prefer(asker, &mut scored);
        let shown = diversify(scored, |item| self.social.creator(item));
        watch.end(Stage::Filter);
        Ok(shown)
    }

    /// What who asks finds by `query` and by `vector`, best first.
    pub(crate) fn search(
        &self,
        asker: Asker,
        query: &dyn Query,
        vector: &[f32],
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Scored>, Failure> {
        let by_text: Vec<u32> = self
            .matching(query)?
            .into_iter()
            .map(|(_, item)| item)
            .collect();
        watch.end(Stage::Text);
        let by_vector: Vec<u32> = self.near(vector)?.iter().map(|near| near.key).collect();
        watch.end(Stage::Vectors);
        let fused = fuse(&[by_text, by_vector]);
        watch.end(Stage::Score);
        let blocked = self.social.blocked(asker.user);
        let mut visible: Vec<Scored> = fused
            .into_iter()
            .filter(|candidate| !blocked.has_made(candidate.item))
            .collect();
        self.prefer(asker, &mut visible);
        let shown = diversify(visible, |item| self.social.creator(item));
        watch.end(Stage::Filter);
        Ok(shown)
    }

    /// Lets items score more whose creators are followed by who asks, if that is looked at.
    fn prefer(&self, asker: Asker, scored: &mut [Scored]) {
        if asker.sets == Sets::Blocks {
            return;
        }
        let follows = self.social.followed(asker.user);
        for one in scored.iter_mut().filter(|one| follows.has_made(one.item)) {
            one.score = followed(one.score);
        }
    }

    /// The items nearest to `vector`, nearest first.
    pub(crate) fn near(&self, vector: &[f32]) -> Result<Vec<Neighbour>, Failure> {
        Ok(checked::search(&self.vectors, vector, CANDIDATES)?)
    }

    /// The best items for `query`, best first, each with its score.
    pub(crate) fn matching(&self, query: &dyn Query) -> Result<Vec<(Score, u32)>, Failure> {
        let searcher = self.text.searcher();
        let best = TopDocs::with_limit(CANDIDATES).order_by_score();
        let best: Vec<(Score, DocAddress)> = searcher.search(query, &best)?;
        with_items(&searcher, &best)
    }

    /// What an item was liked lately.
    fn likes(&self, item: u32, now_s: u32) -> f64 {
        let of_entity =
            |entity: &Entity<Signal>| entity.signal(LIKES).map(|signal| signal.sum(WINDOW, now_s));
        self.signals
            .read(item, of_entity)
            .flatten()
            .unwrap_or_default()
    }

    /// Writes the next event.
    pub(crate) fn write_next(&self) {
        let next = self.written.fetch_add(1, Ordering::Relaxed);
        if let Some(event) = self.events.get(next) {
            self.signals.write(event);
        }
    }

    /// Writes the next of those that were written, again: every signal of every entity that it meets is there, so
    /// that nothing has to grow.
    pub(crate) fn write_again(&self) {
        let next = self.again.fetch_add(1, Ordering::Relaxed);
        self.signals.write(&self.repeated(next));
    }

    /// Adds the next items, text and vector.
    pub(crate) fn add_next(&self) {
        let first = self.items + self.added.fetch_add(BATCH, Ordering::Relaxed);
        if first + BATCH > self.items + ROOM {
            return;
        }
        if let Err(failure) = self.add(first..first + BATCH)
            && let Ok(mut refused) = self.refused.lock()
        {
            refused.get_or_insert(failure.to_string());
        }
    }

    fn add(&self, items: std::ops::Range<usize>) -> Result<(), Failure> {
        let mut documents = Vec::with_capacity(BATCH);
        for item in items {
            let id = item as u64;
            checked::add(&self.vectors, id, &self.rows.row(id))?;
            documents.push((id, prose(&self.corpus.document(id))));
        }
        self.text.replace(&documents)?;
        Ok(())
    }
}

/// Users who ask: as many as there are queries whose true neighbours are known.
pub(crate) fn users(items: usize) -> usize {
    population(items).0.min(QUERIES)
}

/// Puts the item beside each document.
fn with_items(
    searcher: &Searcher,
    best: &[(Score, DocAddress)],
) -> Result<Vec<(Score, u32)>, Failure> {
    let columns: Vec<_> = searcher
        .segment_readers()
        .iter()
        .map(|segment| segment.fast_fields().u64("id"))
        .collect::<Result<_, _>>()?;
    let item = |(score, address): &(Score, DocAddress)| {
        let id = columns[address.segment_ord as usize].first(address.doc_id);
        Some((*score, u32::try_from(id?).ok()?))
    };
    let items: Option<Vec<_>> = best.iter().map(item).collect();
    Ok(items.ok_or("a document without an id")?)
}

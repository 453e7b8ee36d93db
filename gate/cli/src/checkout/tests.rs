mod repository;

use std::path::Path;
use std::process::Command;

use gate_schema::code::Code;
use tempfile::TempDir;

use self::repository::{Repository, git};
use super::{Checkout, Commit, Side, Wanted};
use crate::diagnostic::Diagnostic;
use crate::signal::Interrupt;

fn read(slot: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(slot.join(name)).ok()
}

/// Code, message with quoted lines, and hint of the first problem.
fn problem<T>(result: Result<T, Vec<Diagnostic>>) -> (Code, String, String) {
    let problems = result.err().expect("refused");
    let first = problems.into_iter().next().expect("a reason");
    let message = format!("{} {}", first.message, first.tail.join(" "));
    (first.code, message.trim().to_owned(), first.hint)
}

#[test]
fn a_snapshot_is_the_work_tree_and_leaves_it_alone() {
    let repository = Repository::new();
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.write("staged", "2\n").git(&["add", "staged"]);
    repository.write("staged", "3\n").write("kept", "2\n");
    repository.write("new", "1\n").write("ignored", "1\n");
    std::fs::remove_file(repository.top().join("gone")).expect("it exists");
    let before = repository.state();

    let mut checkout = repository.open().expect("nobody else is there");
    let commit = checkout
        .resolve(Side::Candidate, Wanted::WorkTree)
        .expect("a snapshot");
    assert!(commit.is_dirty);
    assert_eq!(
        repository.git(&["rev-parse", &format!("{}^", commit.id)]),
        head
    );
    let again = checkout
        .resolve(Side::Candidate, Wanted::WorkTree)
        .expect("a snapshot");
    assert_eq!(again, commit, "the same files are the same commit");
    assert_eq!(repository.state(), before);

    let slot = checkout.enter(Side::Candidate).expect("checked out");
    let found = ["kept", "staged", "new", "gone", "ignored"].map(|name| read(&slot, name));
    let expected = [Some("2\n"), Some("3\n"), Some("1\n"), None, None];
    assert_eq!(found, expected.map(|text| text.map(str::to_owned)));

    drop(checkout);
    assert_eq!(repository.state(), before);
}

#[test]
fn a_work_tree_without_changes_is_its_commit() {
    let repository = Repository::new();
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.write("ignored", "1\n");
    let mut checkout = repository.open().expect("nobody else is there");
    // Touched, but with the same content.
    repository.write("kept", "1\n");
    let commit = checkout
        .resolve(Side::Candidate, Wanted::WorkTree)
        .expect("a snapshot");
    assert_eq!(
        commit,
        Commit {
            id: head.clone(),
            head,
            is_dirty: false
        }
    );
}

#[test]
fn a_snapshot_is_of_the_whole_tree_from_anywhere_in_it() {
    let repository = Repository::new();
    let inner = repository.top().join("inner");
    std::fs::create_dir(&inner).expect("writable");
    repository.write("kept", "2\n").write("inner/new", "1\n");
    let mut checkout = Checkout::open(&inner, Some(&repository.cache()), &Interrupt::default())
        .expect("inside a repository");
    checkout
        .resolve(Side::Base, Wanted::WorkTree)
        .expect("a snapshot");
    let slot = checkout.enter(Side::Base).expect("checked out");
    assert_eq!(read(&slot, "kept").as_deref(), Some("2\n"));
    assert_eq!(read(&slot, "inner/new").as_deref(), Some("1\n"));
}

#[test]
fn both_sides_take_turns_at_one_path() {
    let repository = Repository::new();
    let base = repository.git(&["rev-parse", "HEAD"]);
    let candidate = repository.write("kept", "2\n").commit("second");
    let before = repository.state();

    let mut checkout = repository.open().expect("nobody else is there");
    checkout
        .resolve(Side::Base, Wanted::Revision("HEAD~1"))
        .expect("a commit");
    checkout
        .resolve(Side::Candidate, Wanted::Revision("main"))
        .expect("a commit");
    let slot = checkout.enter(Side::Base).expect("checked out");
    assert!(
        !checkout.cache.join("cand").exists(),
        "not before it is needed"
    );
    for (side, commit, kept) in [
        (Side::Base, &base, "1\n"),
        (Side::Candidate, &candidate, "2\n"),
        (Side::Candidate, &candidate, "2\n"),
        (Side::Base, &base, "1\n"),
        (Side::Candidate, &candidate, "2\n"),
    ] {
        assert_eq!(checkout.enter(side).expect("entered"), slot);
        assert_eq!(read(&slot, "kept").as_deref(), Some(kept));
        assert_eq!(git(&slot, &["rev-parse", "HEAD"]), *commit);
        assert_eq!(
            git(&slot, &["rev-parse", "--show-toplevel"]),
            slot.to_string_lossy()
        );
        assert_eq!(git(&slot, &["status", "--porcelain"]), "");
        // What is built in a tree stays with it.
        let built = slot.join("ignored");
        match std::fs::read_to_string(&built) {
            Ok(text) => assert_eq!(text, side.name()),
            Err(_) => std::fs::write(&built, side.name()).expect("writable"),
        }
    }
    let prune = repository.git(&["worktree", "prune", "--verbose"]);
    assert_eq!(prune, "", "no tree is taken for a lost one");

    let (cache, kept) = (checkout.cache.clone(), checkout.build_cache().join("kept"));
    std::fs::write(&kept, "").expect("writable");
    drop(checkout);
    assert_eq!(repository.state(), before);
    let left = std::fs::read_dir(cache).expect("readable");
    let mut left: Vec<_> = left
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["build", "lock"]);
    assert!(kept.exists());
}

#[test]
fn both_sides_may_be_one_commit() {
    let repository = Repository::new();
    let mut checkout = repository.open().expect("nobody else is there");
    for side in [Side::Base, Side::Candidate] {
        checkout
            .resolve(side, Wanted::Revision("main"))
            .expect("a commit");
        checkout.enter(side).expect("checked out");
    }
}

#[test]
fn leftovers_of_a_killed_check_are_removed_by_the_next() {
    let repository = Repository::new();
    let before = repository.state();
    let mut killed = repository.open().expect("nobody else is there");
    for side in [Side::Base, Side::Candidate, Side::Base] {
        killed
            .resolve(side, Wanted::Revision("main"))
            .expect("a commit");
        killed.enter(side).expect("checked out");
    }
    let cache = killed.cache.clone();
    // A killed process cleans nothing up, but its lock is gone.
    killed.lock.unlock().expect("held");
    std::mem::forget(killed);
    assert_ne!(repository.state(), before);
    std::fs::write(cache.join("index.lock"), "").expect("writable");

    let mut next = repository.open().expect("nobody else is there");
    assert_eq!(repository.state(), before);
    repository.write("kept", "2\n");
    next.resolve(Side::Candidate, Wanted::WorkTree)
        .expect("a snapshot");
    next.enter(Side::Candidate).expect("checked out");
}

#[test]
fn the_way_out_of_a_stuck_cache_can_be_pasted() {
    let repository = Repository::new();
    let cache = repository.0.path().join("it's; echo a $HOME");
    let open = || Checkout::open(&repository.top(), Some(&cache), &Interrupt::default());
    let slot = open().expect("nobody else is there").cache.join("side");
    // A file cannot be removed as a directory.
    std::fs::write(&slot, "").expect("writable");
    let (code, message, hint) = problem(open());
    assert_eq!(code, Code::Unwritable, "{message}");
    let pasted = Command::new("sh").args(["-c", &hint]).output();
    let pasted = pasted.expect("runs");
    assert!(
        pasted.status.success() && pasted.stdout.is_empty(),
        "{hint}"
    );
    assert!(!slot.exists());
    assert!(open().is_ok());
}

#[test]
fn trees_that_somebody_deleted_by_hand_are_forgotten() {
    let repository = Repository::new();
    let before = repository.state();
    let mut checkout = repository.open().expect("nobody else is there");
    checkout
        .resolve(Side::Base, Wanted::Revision("main"))
        .expect("a commit");
    checkout.enter(Side::Base).expect("checked out");
    std::fs::remove_dir_all(repository.cache()).expect("writable");
    drop(checkout);
    assert_eq!(repository.state(), before);
}

#[test]
fn a_repository_is_measured_by_one_at_a_time() {
    let repository = Repository::new();
    let first = repository.open().expect("nobody else is there");
    let (code, message, _) = problem(repository.open());
    assert_eq!(code, Code::Busy);
    assert!(
        message.ends_with(&format!("process {}", std::process::id())),
        "{message}"
    );
    let other = Repository::new();
    let elsewhere = Checkout::open(
        &other.top(),
        Some(&repository.cache()),
        &Interrupt::default(),
    );
    assert!(elsewhere.is_ok(), "another repository is free");
    drop(first);
    assert!(repository.open().is_ok());
}

#[test]
fn a_revision_that_is_not_there_is_refused_with_a_way_out() {
    let repository = Repository::new();
    let clone = Repository(TempDir::new().expect("a temporary folder"));
    repository.git(&["branch", "topic"]);
    repository.write("kept", "2\n").commit("second");
    let (from, to) = (
        format!("file://{}", repository.top().display()),
        clone.top(),
    );
    let to = to.to_str().expect("UTF-8");
    let arguments = [
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        &from,
        to,
    ];
    git(clone.0.path(), &arguments);

    let cases = [
        (&repository, "topik", "`git fetch`"),
        (&repository, "--all", "`git fetch`"),
        (&repository, "", "`git fetch`"),
        (&repository, "main..topic", "`git fetch`"),
        (&repository, "main:kept", "`git fetch`"),
        (&clone, "main~1", "--unshallow"),
        (&clone, "topic", "`origin/topic`"),
    ];
    for (repository, revision, way_out) in cases {
        let mut checkout = repository.open().expect("nobody else is there");
        let refused = checkout.resolve(Side::Base, Wanted::Revision(revision));
        let (code, message, hint) = problem(refused);
        assert_eq!(code, Code::Revision, "{revision}");
        assert!(message.contains(&format!("`{revision}`")), "{message}");
        assert!(hint.contains(way_out), "{revision}: {hint}");
    }
}

#[test]
fn a_side_is_entered_only_when_it_is_known_and_wanted() {
    let repository = Repository::new();
    let interrupt = Interrupt::default();
    let mut checkout = Checkout::open(&repository.top(), Some(&repository.cache()), &interrupt)
        .expect("nobody else is there");
    assert_eq!(problem(checkout.enter(Side::Base)).0, Code::Revision);
    checkout
        .resolve(Side::Base, Wanted::Revision("main"))
        .expect("a commit");
    interrupt.fire();
    assert_eq!(problem(checkout.enter(Side::Base)).0, Code::Interrupted);
}

#[test]
fn where_nothing_can_be_measured_is_refused() {
    let empty = TempDir::new().expect("a temporary folder");
    let interrupt = Interrupt::default();
    let refused = Checkout::open(empty.path(), Some(empty.path()), &interrupt);
    let (code, message, _) = problem(refused);
    assert_eq!(code, Code::Revision);
    assert!(message.contains("not a git repository"), "{message}");

    let repository = Repository::new();
    let inside = repository.top().join("cache");
    let refused = Checkout::open(&repository.top(), Some(&inside), &interrupt);
    let (code, message, _) = problem(refused);
    assert_eq!(code, Code::Unwritable);
    assert!(message.contains("inside the repository"), "{message}");
    assert!(!inside.exists(), "and nothing was made there");

    std::fs::create_dir(repository.top().join("new")).expect("writable");
    repository.git(&["init", "--quiet", "new"]);
    let mut checkout = Checkout::open(
        &repository.top().join("new"),
        Some(empty.path()),
        &interrupt,
    )
    .expect("a repository without a commit is one");
    let refused = checkout.resolve(Side::Candidate, Wanted::WorkTree);
    assert_eq!(problem(refused).0, Code::Revision);
}

#[test]
fn submodules_that_cannot_be_fetched_are_told() {
    let repository = Repository::new();
    let head = repository.git(&["rev-parse", "HEAD"]);
    let modules = "[submodule \"part\"]\n\tpath = part\n\turl = /nowhere/at/all\n";
    repository
        .write(".gitmodules", modules)
        .commit("a submodule without a link");
    let link = format!("160000,{head},part");
    repository.git(&["update-index", "--add", "--cacheinfo", &link]);
    repository.git(&["commit", "--quiet", "--message", "a link"]);
    let before = repository.state();

    let mut checkout = repository.open().expect("nobody else is there");
    checkout
        .resolve(Side::Base, Wanted::Revision("main~1"))
        .expect("a commit");
    checkout.enter(Side::Base).expect("nothing to fetch");
    checkout
        .resolve(Side::Candidate, Wanted::Revision("main"))
        .expect("a commit");
    let (code, message, _) = problem(checkout.enter(Side::Candidate));
    assert_eq!(code, Code::Revision);
    assert!(
        message.contains("submodules") && message.contains("nowhere"),
        "{message}"
    );
    drop(checkout);
    assert_eq!(repository.state(), before);
}

#[test]
fn a_hook_of_another_repository_does_not_lead_astray() {
    let itself = std::env::current_exe().expect("this test");
    let mut again = Command::new(itself);
    again.args([
        "--exact",
        "checkout::tests::a_snapshot_is_the_work_tree_and_leaves_it_alone",
    ]);
    again.arg("process::tests::commands_do_not_see_the_repository_of_a_hook");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
    ] {
        again.env(name, "/nowhere");
    }
    let output = again.output().expect("runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("2 passed"), "{printed}");
}

//! What the cache promises, on disk.

use super::contents::CONTENTS_FILE;
use super::*;

/// Asks for the entry of `recipe`; true when that built it.
fn built(cache: &Cache, recipe: &Recipe) -> bool {
    let mut built = false;
    let entry = cache.ensure("a/b", recipe, |directory| {
        built = true;
        Ok(fs::write(directory.join("file"), "prepared")?)
    });
    assert_eq!(
        fs::read_to_string(entry.expect("is provided").join("file")).expect("is there"),
        "prepared"
    );
    built
}

#[test]
fn an_entry_is_built_once_per_recipe() {
    let root = tempfile::tempdir().expect("a directory");
    let cache = Cache::at(root.path().join("new/cache"));
    let recipe = Recipe::new("one");
    assert!(built(&cache, &recipe));
    assert!(!built(&cache, &recipe));
    assert!(built(&cache, &recipe.with("seed", 2)));
}

#[test]
fn a_damaged_entry_is_built_again() {
    let root = tempfile::tempdir().expect("a directory");
    let cache = Cache::at(root.path());
    let recipe = Recipe::new("one");
    assert!(built(&cache, &recipe));
    for (file, text) in [
        (RECIPE_FILE, "another"),
        (CONTENTS_FILE, ""),
        (CONTENTS_FILE, "file 8\n"),
        ("file", "cut"),
        ("extra", ""),
    ] {
        let entry = cache.prepared("a/b", &recipe).expect("is prepared");
        fs::write(entry.join(file), text).expect("is writable");
        assert!(
            matches!(
                cache.prepared("a/b", &recipe),
                Err(CacheError::Unprepared { .. })
            ),
            "{file}"
        );
        assert!(built(&cache, &recipe), "{file}");
    }
}

#[test]
fn bytes_that_changed_are_found_and_built_again() {
    let root = tempfile::tempdir().expect("a directory");
    let cache = Cache::at(root.path());
    let recipe = Recipe::new("one");
    let audit = || cache.audit("a/b", &recipe).expect("is readable");
    audit();
    assert!(built(&cache, &recipe));
    audit();
    assert!(!built(&cache, &recipe), "nothing was changed");
    let entry = cache.prepared("a/b", &recipe).expect("is prepared");
    fs::write(entry.join("file"), "prepared").expect("is writable");
    audit();
    assert!(!built(&cache, &recipe), "the same bytes");
    fs::write(entry.join("file"), "preparea").expect("is writable");
    assert!(cache.prepared("a/b", &recipe).is_ok(), "the same size");
    audit();
    assert!(built(&cache, &recipe));
}

#[test]
fn what_killed_processes_left_goes_when_nobody_holds_the_cache() {
    let root = tempfile::tempdir().expect("a directory");
    let cache = Cache::at(root.path());
    assert!(built(&cache, &Recipe::new("one")));
    let entry = cache
        .prepared("a/b", &Recipe::new("one"))
        .expect("is prepared");
    let lost = || scratch_beside(&entry).expect("a directory").keep();
    let scratch = lost();
    let [unfinished, building] = ["c-00000000000000f1", "c-00000000000000f2"]
        .map(|key| root.path().join(format!("{key}.unfinished")));
    let foreign = ["notes", "notes.scratch", "notes-2.unfinished"];
    let foreign = foreign.map(|name| root.path().join(name));
    for directory in [&unfinished, &building].into_iter().chain(&foreign) {
        fs::create_dir(directory).expect("a directory");
    }
    let lock = root.path().join("c-00000000000000f2.lock");
    let lock = File::create(lock).expect("is writable");
    lock.lock().expect("is free");

    let holding = cache.hold().expect("is readable");
    for (path, is_left) in [(&scratch, false), (&unfinished, false), (&building, true)] {
        assert_eq!(path.exists(), is_left, "{}", path.display());
    }
    let are_there = || foreign.iter().all(|path| path.exists());
    assert!(are_there() && entry.exists(), "not left by a repetition");
    let in_use = lost();
    let also = cache.hold().expect("several may hold it");
    assert!(in_use.exists());
    let keys = BTreeSet::from([key("a/b", &Recipe::new("one"))]);
    let refused = cache.prune(&keys);
    assert!(matches!(refused, Err(CacheError::InUse { .. })));
    drop((holding, also));
    cache.prune(&keys).expect("nobody holds it");
    assert!(!in_use.exists() && !entry.exists() && are_there());
}

#[test]
fn entries_are_listed_with_their_size_and_last_use() {
    let root = tempfile::tempdir().expect("a directory");
    let cache = Cache::at(root.path().join("new"));
    assert_eq!(cache.entries().expect("is empty"), []);
    let recipe = Recipe::new("one");
    assert!(built(&cache, &recipe));
    fs::create_dir(cache.root().join("foreign")).expect("a directory");
    let entries = cache.entries().expect("is readable");
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0].key, entries[0].bytes),
        (&key("a/b", &recipe), 8)
    );
    let lock = cache.root().join(format!("{}{LOCK}", entries[0].key));
    let file = File::open(lock).expect("is there");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("is ours");
    assert!(!built(&cache, &recipe));
    let used = cache.entries().expect("is readable")[0].used;
    assert!(used > Some(SystemTime::UNIX_EPOCH));
}

#[test]
fn a_failed_or_killed_build_leaves_no_entry() {
    let root = tempfile::tempdir().expect("a directory");
    let cache = Cache::at(root.path());
    let recipe = Recipe::new("one");
    let failed = cache.ensure("a/b", &recipe, |_| Err("no space".into()));
    assert_eq!(
        failed.expect_err("fails").to_string(),
        "cannot prepare a/b: no space"
    );
    assert!(cache.prepared("a/b", &recipe).is_err());
    let leftover = root
        .path()
        .join(format!("{}.unfinished", key("a/b", &recipe)));
    fs::create_dir(&leftover).expect("a directory");
    fs::write(leftover.join("half"), "a file").expect("is writable");
    assert!(built(&cache, &recipe));
}

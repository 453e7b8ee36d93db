//! Canonical JSON: sorted keys, shortest numbers, one repetition per line, so that a promotion is a
//! readable git diff and the same baseline is the same bytes.

use serde_json::Value;

/// Elements of these arrays stand on one line each.
const ONE_PER_LINE: [&str; 5] = ["repetitions", "metrics", "pooled", "changes", "planted"];

/// `value` in canonical form, ending in a newline.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0, false);
    text.push('\n');
    text
}

fn write(text: &mut String, value: &Value, depth: usize, on_one_line: bool) {
    match value {
        Value::Object(fields) => {
            // Sorted here: whether serde_json sorts depends on a feature any crate may switch on.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let entries = fields
                .into_iter()
                .map(|(key, value)| (Some(key.as_str()), value))
                .collect();
            write_entries(text, entries, ('{', '}'), depth, on_one_line);
        }
        Value::Array(elements) => {
            let entries = elements.iter().map(|value| (None, value)).collect();
            write_entries(text, entries, ('[', ']'), depth, on_one_line);
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_entries(
    text: &mut String,
    entries: Vec<(Option<&str>, &Value)>,
    brackets: (char, char),
    depth: usize,
    on_one_line: bool,
) {
    text.push(brackets.0);
    let empty = entries.is_empty();
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if !on_one_line {
            newline(text, depth + 1);
        }
        if let Some(key) = key {
            text.push_str(&Value::from(key).to_string());
            text.push(':');
            if !on_one_line {
                text.push(' ');
            }
        }
        match (key, value) {
            (Some(key), Value::Array(elements)) if !on_one_line && ONE_PER_LINE.contains(&key) => {
                write_lines(text, elements, depth + 1);
            }
            _ => write(text, value, depth + 1, on_one_line),
        }
    }
    if !on_one_line && !empty {
        newline(text, depth);
    }
    text.push(brackets.1);
}

fn write_lines(text: &mut String, elements: &[Value], depth: usize) {
    text.push('[');
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        newline(text, depth + 1);
        write(text, element, depth + 1, true);
    }
    if !elements.is_empty() {
        newline(text, depth);
    }
    text.push(']');
}

fn newline(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_repetitions_stand_on_one_line() {
        let value = json!({
            "b": {"z": 1, "a": 0.1},
            "a": [],
            "sessions": [{"repetitions": [{"y": 1e6, "x": {"q": 1, "p": [1, 2]}}, {"x": 2}]}],
        });
        let expected = r#"{
 "a": [],
 "b": {
  "a": 0.1,
  "z": 1
 },
 "sessions": [
  {
   "repetitions": [
    {"x":{"p":[1,2],"q":1},"y":1000000.0},
    {"x":2}
   ]
  }
 ]
}
"#;
        let text = canonical(&value);
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }
}

//! Rows and columns on a terminal: as wide as they need to be, and no wider than the screen.

use std::io::{self, IsTerminal};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::words::{day_and_hour, word};

/// How the values of a column are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cells {
    /// As they are.
    Words,
    /// To the right.
    Numbers,
    /// Moments, to the minute.
    Times,
}

/// A column: its key, what stands above it, and how it is written.
pub(super) type Column = (&'static str, &'static str, Cells);

/// No column is cut to less than this.
const CELL_WIDTH_MIN: usize = 12;
const GAP: &str = "  ";

/// Rows of objects, one line each. Where the screen is too narrow for all, the widest columns are
/// cut; in a file or a pipe nothing is.
pub(super) fn table(rows: &Value, columns: &[Column]) -> String {
    lay_out(rows, columns, screen_width())
}

/// The columns of the terminal; `None`: nobody looks.
fn screen_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

fn lay_out(rows: &Value, columns: &[Column], screen: Option<usize>) -> String {
    let head: Vec<String> = columns.iter().map(|(_, title, _)| (*title).to_owned()).collect();
    let cell = |row: &Value, (key, _, cells): &Column| match cells {
        Cells::Words | Cells::Numbers => word(&row[*key]),
        Cells::Times => day_and_hour(&row[*key]),
    };
    let mut lines = vec![head];
    for row in rows.as_array().into_iter().flatten() {
        lines.push(columns.iter().map(|column| cell(row, column)).collect());
    }
    let width = |at: usize| lines.iter().map(|line| line[at].width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns.len()).map(width).collect();
    if let Some(screen) = screen {
        fit(&mut widths, screen);
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).zip(columns);
        let padded: Vec<String> =
            cells.map(|((cell, width), (_, _, cells))| padded(cell, *width, *cells)).collect();
        text.push_str(padded.join(GAP).trim_end());
        text.push('\n');
    }
    text
}

/// Takes from the widest until all have room.
fn fit(widths: &mut [usize], screen: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > screen {
        match widths.iter_mut().max() {
            Some(widest) if *widest > CELL_WIDTH_MIN => *widest -= 1,
            Some(_) | None => return,
        }
    }
}

fn padded(cell: &str, width: usize, cells: Cells) -> String {
    let cell = cut(cell, width);
    let blanks = " ".repeat(width.saturating_sub(cell.width()));
    match cells {
        Cells::Numbers => blanks + &cell,
        Cells::Words | Cells::Times => cell + &blanks,
    }
}

/// At most so many columns of it, with a sign where something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    const COLUMNS: [Column; 3] = [
        ("name", "NAME", Cells::Words),
        ("posts", "POSTS", Cells::Numbers),
        ("since", "SINCE", Cells::Times),
    ];

    #[test]
    fn accents_and_wide_letters_stay_in_their_column() {
        let rows = json!([
            { "name": "Zoé", "posts": 3, "since": "2026-11-23T03:50:44+01:00" },
            { "name": "Zoe\u{301}", "posts": 12, "since": null },
            { "name": "山田\n太郎", "posts": 1200, "since": "2026-11-23T03:50:44+01:00" },
        ]);
        expect![[r#"
            NAME       POSTS  SINCE
            Zoé            3  2026-11-23 03:50
            Zoé           12  -
            山田 太郎   1200  2026-11-23 03:50
        "#]]
        .assert_eq(&lay_out(&rows, &COLUMNS, None));
    }

    #[test]
    fn only_what_is_too_wide_is_cut() {
        let name = "a very long name of somebody with many first names";
        let rows = json!([{ "name": name, "posts": 3, "since": "2026-11-23T03:50:44+01:00" }]);
        expect![[r#"
            NAME                   POSTS  SINCE
            a very long name of …      3  2026-11-23 03:50
        "#]]
        .assert_eq(&lay_out(&rows, &COLUMNS, Some(46)));
        assert!(lay_out(&rows, &COLUMNS, None).contains(name));
        assert!(lay_out(&rows, &COLUMNS, Some(5)).contains("a very long…"));
    }
}

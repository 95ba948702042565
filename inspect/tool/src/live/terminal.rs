//! The terminal view's loop: draws, and does what keys say.

use core::time::Duration;
use std::time::Instant;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::error::Error;
use crate::live::places::Names;
use crate::live::status::Meter;
use crate::live::{Follower, Sort, Status, screen};

/// How often there are new figures.
const PERIOD: Duration = Duration::from_millis(500);

/// Shows the log until a key ends it. The terminal is as it was afterwards, also after a panic.
pub(crate) fn show(follower: Follower, names: Names, has_ended: impl FnMut() -> bool) -> Result<(), Error> {
    let mut terminal = ratatui::try_init().map_err(Error::Terminal)?;
    let result = run(&mut terminal, follower, names, has_ended);
    ratatui::restore();
    result
}

fn run(
    terminal: &mut DefaultTerminal,
    mut follower: Follower,
    mut names: Names,
    mut has_ended: impl FnMut() -> bool,
) -> Result<(), Error> {
    let mut meter = Meter::new(Instant::now());
    let mut view = View::default();
    let mut status = Status::default();
    loop {
        if !view.is_paused {
            let has_ended = has_ended();
            follower.read_on()?;
            let is_over = has_ended || follower.is_over();
            status = Status::of(follower.model(), is_over, &mut names, &mut meter, view.sort);
        }
        let drawn = terminal.draw(|frame| screen::draw(frame, &status, view.sort, view.is_paused, view.first));
        drawn.map_err(Error::Terminal)?;
        if view.wait_for_key(&status)? == Next::Quit {
            return Ok(());
        }
    }
}

/// What the user has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct View {
    sort: Sort,
    is_paused: bool,
    first: usize,
}

/// What comes after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Quit,
}

impl View {
    /// Does what a key says, or waits until there are new figures.
    fn wait_for_key(&mut self, status: &Status) -> Result<Next, Error> {
        if !event::poll(PERIOD).map_err(Error::Terminal)? {
            return Ok(Next::GoOn);
        }
        Ok(match event::read().map_err(Error::Terminal)? {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(key, status.places.len()),
            _ => Next::GoOn,
        })
    }

    fn press(&mut self, key: KeyEvent, places: usize) -> Next {
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Next::Quit,
            KeyCode::Char('q') | KeyCode::Esc => return Next::Quit,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Down | KeyCode::Char('j') => self.first = (self.first + 1).min(places.saturating_sub(1)),
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            KeyCode::Home => self.first = 0,
            _ => {}
        }
        Next::GoOn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_pause_scroll_and_quit() {
        let mut view = View::default();
        let mut press = |code| (view.press(KeyEvent::new(code, KeyModifiers::NONE), 2), view);
        assert_eq!(press(KeyCode::Char('s')).1.sort, Sort::Peak);
        assert!(press(KeyCode::Char('p')).1.is_paused);
        assert!(!press(KeyCode::Char(' ')).1.is_paused);
        assert_eq!([press(KeyCode::Up).1.first, press(KeyCode::Down).1.first, press(KeyCode::Down).1.first], [0, 1, 1]);
        assert_eq!(press(KeyCode::Char('c')).0, Next::GoOn);
        assert_eq!([KeyCode::Char('q'), KeyCode::Esc].map(|code| press(code).0), [Next::Quit, Next::Quit]);
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(view.press(control_c, 0), Next::Quit);
    }
}

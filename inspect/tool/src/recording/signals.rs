//! Signals between this process and the program that it runs. Where there are none, all of it does nothing.

#[cfg(unix)]
pub(crate) use unix::{ask_to_end, catch, die_like, is_running};

#[cfg(not(unix))]
pub(crate) use none::{ask_to_end, catch, die_like, is_running};

#[cfg(unix)]
mod unix {
    use std::io::{self, IsTerminal};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, ExitStatus};
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    use signal_hook::iterator::{Handle, Signals};

    /// Signals that do not end this process any more, but wait to be passed on.
    #[derive(Debug)]
    pub(crate) struct Caught(Option<Signals>);

    /// Passes signals on until it is dropped.
    #[derive(Debug)]
    pub(crate) struct Forwarding(Option<Handle>);

    /// Catches the signals that a program may want to have.
    pub(crate) fn catch() -> Caught {
        Caught(Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]).ok())
    }

    impl Caught {
        /// Passes them on to a program, those that came before, too.
        ///
        /// A terminal's keys send their signals to both at once: so these are passed on only where there is no terminal.
        pub(crate) fn forward_to(self, child: &Child) -> Forwarding {
            let Some(mut signals) = self.0 else { return Forwarding(None) };
            let handle = signals.handle();
            let process = process_of(child);
            let of_keys: &[i32] = if io::stdin().is_terminal() { &[SIGINT, SIGQUIT] } else { &[] };
            thread::spawn(move || {
                for signal in signals.forever().filter(|signal| !of_keys.contains(signal)) {
                    if let (Some(process), Some(signal)) = (process, Signal::from_named_raw(signal)) {
                        // It may have ended just now.
                        let _ = kill_process(process, signal);
                    }
                }
            });
            Forwarding(Some(handle))
        }
    }

    impl Drop for Forwarding {
        fn drop(&mut self) {
            if let Some(handle) = &self.0 {
                handle.close();
            }
        }
    }

    fn process_of(child: &Child) -> Option<Pid> {
        i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    }

    /// Asks a program to end.
    pub(crate) fn ask_to_end(child: &Child) {
        if let Some(process) = process_of(child) {
            // It may have ended already.
            let _ = kill_process(process, Signal::TERM);
        }
    }

    /// If a signal has ended the program, ends this process by it, too: so a shell sees what happened.
    pub(crate) fn die_like(status: ExitStatus) {
        if let Some(signal) = status.signal() {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }

    /// Whether a process of that number is running here. Zero is unknown, and counts as running.
    pub(crate) fn is_running(process: u32) -> bool {
        let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return true };
        // Another user's process may not be asked, but is there.
        !matches!(test_kill_process(process), Err(rustix::io::Errno::SRCH))
    }
}

#[cfg(not(unix))]
mod none {
    use std::process::{Child, ExitStatus};

    #[derive(Debug)]
    pub(crate) struct Caught;

    pub(crate) fn catch() -> Caught {
        Caught
    }

    impl Caught {
        pub(crate) fn forward_to(self, _: &Child) {}
    }

    pub(crate) fn ask_to_end(_: &Child) {}

    pub(crate) fn die_like(_: ExitStatus) {}

    pub(crate) fn is_running(_: u32) -> bool {
        true
    }
}

//! A log of sensor readings that lives in whatever memory there is, and says when that is full.

use alloc::collections::VecDeque;
use core::fmt;

use mudlark_rc::Counted;

/// One reading; all readings of a sensor share its name.
struct Reading {
    sensor: Counted<str>,
    value: u32,
}

/// Readings of any number of sensors, oldest first.
#[derive(Default)]
pub struct SensorLog {
    readings: VecDeque<Reading>,
}

impl fmt::Debug for SensorLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SensorLog").field("readings", &self.readings.len()).finish()
    }
}

/// There is no memory for another reading.
#[derive(Debug)]
pub struct LogFull;

impl fmt::Display for LogFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the log is full")
    }
}

impl core::error::Error for LogFull {}

impl SensorLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a reading.
    ///
    /// # Errors
    ///
    /// [`LogFull`] when there is no memory for it; the log is as it was.
    pub fn record(&mut self, sensor: &str, value: u32) -> Result<(), LogFull> {
        self.readings.try_reserve(1).map_err(|_| LogFull)?;
        let known = self.readings.iter().rev().find(|reading| *reading.sensor == *sensor);
        let sensor = known.map_or_else(|| Counted::from(sensor), |reading| reading.sensor.clone());
        self.readings.push_back(Reading { sensor, value });
        Ok(())
    }

    /// Makes room.
    pub fn forget_oldest_half(&mut self) {
        self.readings.drain(..self.readings.len() / 2);
        self.readings.shrink_to_fit();
    }

    /// The mean of a sensor's readings, if there are any.
    #[must_use]
    pub fn mean(&self, sensor: &str) -> Option<u32> {
        let of_sensor = || self.readings.iter().filter(|reading| *reading.sensor == *sensor);
        let sum: u64 = of_sensor().map(|reading| u64::from(reading.value)).sum();
        let count = u64::try_from(of_sensor().count()).ok()?;
        u32::try_from(sum.checked_div(count)?).ok()
    }
}

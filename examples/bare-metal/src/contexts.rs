//! Who drops: the processors, outside of interrupt handlers.

use mudlark_rc::{DropContext, DropNest, set_drop_context};

use crate::{board, checks::interrupts};

struct Processors;

set_drop_context!(Processors);

static NESTS: [DropNest; 2] = [const { DropNest::new() }; 2];

// SAFETY: each processor has its own, and one stack besides the handler's part of it. While the handler runs, nobody else
// who asks on its processor is there, and it gets none.
unsafe impl DropContext for Processors {
    fn nest() -> Option<&'static DropNest> {
        if interrupts::in_handler() {
            return None;
        }
        NESTS.get(board::this_processor() as usize)
    }
}

//! What a log tells of, and which number stands for what.

use crate::field::{Address, Decoder, Encoder, Field, Frames};

/// Defines the events: for each its number in the log, its name and its fields in their order.
macro_rules! events {
    ($($(#[$doc:meta])* $kind:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// One thing that happened, or that other events refer to.
        ///
        /// Numbers that name something, as `stack` does, are the writer's own, from one up; zero is «none» or «unknown».
        /// Sizes are in bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Event<'a> {
            $($(#[$doc])* #[doc = concat!("\n\nIn the log: kind ", $kind, ".")] $name { $($(#[$field_doc])* $field: $type,)* },)*
        }

        impl<'a> Event<'a> {
            /// The number that stands for this kind of event, and then its fields.
            pub(crate) fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
                match self {
                    $(Self::$name { $($field,)* } => {
                        out.byte($kind)?;
                        out.time()?;
                        $($field.encode(out)?;)*
                    })*
                }
                Some(())
            }

            /// The fields of an event of this kind. `None` if there is no such kind, or its fields make no sense.
            pub(crate) fn decode(kind: u8, input: &mut Decoder<'a>) -> Option<Self> {
                Some(match kind {
                    $($kind => Self::$name { $($field: Field::decode(input)?,)* },)*
                    _ => return None,
                })
            }
        }
    };
}

// A field of variable length, a text or frames, is the last of its event: what does not fit is cut off there.
events! {
    /// A program begins to write. What came before in the log is another program's.
    1 Started {
        /// The process's number; zero where there are no processes.
        process: u32,
        /// Bytes of a pointer.
        pointer_bytes: u8,
        /// Units of [`Record::time`](crate::Record::time) in a second.
        ticks_per_second: u64,
        /// Nanoseconds since 1970 at time zero, or zero where nobody knows.
        unix_nanoseconds: u64,
        /// The mean number of bytes from one sampled request to the next, at first and at least: each sampled request has its own
        /// before it ([`Sampling`](Self::Sampling)). One if every request is written.
        sample_interval: u64,
    }
    /// What a number, or the program, is called.
    2 Name {
        /// What kind of thing has that number.
        of: NameOf,
        /// Its number.
        id: u32,
        /// Its name. UTF-8.
        text: &'a str,
    }
    /// Code is loaded: stacks' addresses in this range are this file's.
    3 Module {
        /// What the file's own addresses are relative to: where its byte of address zero would be.
        base: Address,
        /// The length of the range.
        size: u64,
        /// The file.
        path: &'a str,
    }
    /// A stack that later events refer to.
    4 Stack {
        /// Its number.
        id: u32,
        /// Return addresses, innermost first.
        frames: Frames<'a>,
    }
    /// From here on events are this thread's, under this tag, up to the next such event or the chunk's end.
    5 Switched {
        /// The thread.
        thread: u32,
        /// The innermost scope that it is in; a scope's name is the whole path, «load/parse».
        tag: u32,
    }
    /// What code an address in a stack is of, from a program that knows it of itself. An address whose code is inlined
    /// has several such events, the innermost function first.
    6 Symbol {
        /// The return address.
        address: Address,
        /// The source file's number, a [`NameOf::File`].
        file: u32,
        /// The line in it, or zero.
        line: u32,
        /// The function, with its path.
        function: &'a str,
    }
    /// Requests from here on are a sample by this interval, up to the next such event or the chunk's end. Each chunk says so
    /// before the first of them.
    7 Sampling {
        /// The mean number of bytes from one sampled request to the next.
        interval: u64,
    }
    /// A block was handed out.
    16 Allocated {
        /// Where it begins.
        address: Address,
        /// What was asked for.
        size: u64,
        /// Its alignment, a power of two.
        align: u64,
        /// Who asked.
        stack: u32,
    }
    /// A block is given back. Where requests are sampled, only of blocks whose requests were.
    17 Freed {
        /// Where it begins.
        address: Address,
    }
    /// A block was resized, and may have moved. The alignment stays.
    18 Reallocated {
        /// Where it began.
        from: Address,
        /// Where it begins.
        to: Address,
        /// What was asked for.
        size: u64,
        /// Who asked.
        stack: u32,
    }
    /// A request was not served: out of memory.
    19 Refused {
        /// What was asked for.
        size: u64,
        /// And how aligned.
        align: u64,
        /// Who asked.
        stack: u32,
    }
    /// The heap has a further region.
    20 RegionTaken {
        /// Where it begins.
        address: Address,
        /// Its length.
        size: u64,
    }
    /// A region is the heap's no more.
    21 RegionGivenBack {
        /// Where it began.
        address: Address,
        /// Its length.
        size: u64,
    }
    /// A collection begins.
    32 CollectionStarted {
        /// Which collector.
        collector: u32,
        /// The oldest generation that it looks at: 0 young, 1 middle, 2 old.
        generation: u8,
        /// Objects that are considered.
        candidates: u64,
    }
    /// A collection goes over to its next step.
    33 CollectionStep {
        /// Which collector.
        collector: u32,
        /// What it does from here on.
        step: Step,
    }
    /// A collection ends.
    34 CollectionStopped {
        /// Which collector.
        collector: u32,
        /// Objects destroyed.
        collected: u64,
    }
    /// What the heap says of itself. Figures that a heap does not know are zero.
    48 Heap {
        /// What was asked for and not freed.
        requested: u64,
        /// Blocks in use, as large as they really are.
        used: u64,
        /// Free blocks that wait in caches.
        cached: u64,
        /// Of what is in use, large blocks.
        large: u64,
        /// What may be backed by memory.
        committed: u64,
        /// What is held from the source.
        reserved: u64,
    }
    /// What the heap says of one size class. Those of one moment have the time of the [`Heap`](Self::Heap) before them.
    49 Class {
        /// The size of its blocks.
        block_size: u64,
        /// Its pages.
        pages: u64,
        /// Its blocks in use.
        used: u64,
        /// Its blocks that wait in caches.
        cached: u64,
        /// What was asked for with the blocks in use.
        requested: u64,
    }
    /// What the heap says of one page, or of one stretch of a fixed region. Those of one moment have the time of the
    /// [`Heap`](Self::Heap) before them.
    50 Page {
        /// Where it begins.
        address: Address,
        /// Its length.
        size: u64,
        /// The size of its blocks.
        block_size: u64,
        /// Its blocks in use.
        used: u32,
        /// As many blocks as fit.
        capacity: u32,
    }
    /// How much memory of the machine the process occupies.
    51 Resident {
        /// In all.
        bytes: u64,
    }
    /// What a collector has of one type, in one generation.
    52 Census {
        /// Which collector.
        collector: u32,
        /// The type.
        type_id: u32,
        /// 0 young, 1 middle, 2 old, 3 frozen.
        generation: u8,
        /// Objects.
        count: u64,
        /// Their bytes, with headers.
        bytes: u64,
    }
    /// The program says that it has come to some point.
    64 Mark {
        /// Which.
        text: &'a str,
    }
    /// Events were not written, because there was no room for them.
    65 Lost {
        /// How many.
        events: u64,
    }
    /// The program has ended its log.
    66 Stopped {}
    /// The log ends here, before its program does: what follows, if anything, is how many events were [`Lost`](Self::Lost) by
    /// that, and when the program [`Stopped`](Self::Stopped).
    67 EndedEarly {
        /// Why.
        why: EarlyEnd,
        /// The number that the system has for it, or zero.
        error: u32,
    }
}

/// Defines an enum of a byte in the log.
macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $byte:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $byte,)*
        }

        impl Field<'_> for $name {
            fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
                out.byte(*self as u8)
            }

            fn decode(input: &mut Decoder<'_>) -> Option<Self> {
                Some(match input.byte()? {
                    $($byte => Self::$variant,)*
                    _ => return None,
                })
            }
        }
    };
}

bytes! {
    /// What has a [name](Event::Name).
    NameOf {
        /// The program; its number is zero.
        Program = 0,
        /// Its allocator; its number is zero.
        Allocator = 1,
        /// A thread.
        Thread = 2,
        /// A scope, by the whole path.
        Tag = 3,
        /// A type.
        Type = 4,
        /// A collector.
        Collector = 5,
        /// A source file.
        File = 6,
    }
}

bytes! {
    /// Why a log ends before its program.
    EarlyEnd {
        /// It has the length that was chosen for it.
        Limit = 0,
        /// There is no more room: the disk is full, or what this user may have of it.
        NoRoom = 1,
        /// The process may not write a longer file.
        FileSize = 2,
        /// It cannot be written for another reason.
        Failed = 3,
    }
}

bytes! {
    /// What a collection does.
    Step {
        /// Looks for suspects, in slices.
        Search = 0,
        /// Subtracts the edges from the counts.
        Count = 1,
        /// Spreads reachability.
        Spread = 2,
        /// Clears weak handles.
        Weak = 3,
        /// Runs finalizers.
        Finalize = 4,
        /// Drops garbage and frees it.
        Destroy = 5,
    }
}

//! Zstandard frames, with decompression contexts that are used again.
//!
//! A new context is 160 KiB of memory that the kernel has to hand out page by page, which costs a small batch ten times what its
//! bytes do. Each thread keeps a few; one that grew for a large window is let go.

use std::cell::RefCell;
use std::io;
use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer, ResetDirective};

/// Batches that one thread reads at a time, besides the rare one that waits in the middle.
const KEPT_CONTEXTS_MAX: usize = 2;
/// Level 3, Kafka's default, has windows of 2 MiB.
const KEPT_BYTES_MAX: usize = 3 << 20;

thread_local! {
    static KEPT: RefCell<Vec<DCtx<'static>>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Reader<'a> {
    /// `None` is never seen: it is taken when the reader is dropped.
    context: Option<DCtx<'static>>,
    input: InBuffer<'a>,
    /// Between frames, and so where the input may end.
    whole: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> io::Result<Reader<'a>> {
        let kept = KEPT.try_with(|kept| kept.borrow_mut().pop()).ok().flatten();
        let mut context = match kept {
            Some(context) => context,
            None => DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?,
        };
        context.reset(ResetDirective::SessionOnly).map_err(|_| io::ErrorKind::Other)?;
        Ok(Reader { context: Some(context), input: InBuffer::around(input), whole: true })
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let context = self.context.as_mut().ok_or(io::ErrorKind::Other)?;
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let input_is_over = self.input.pos() == self.input.src.len();
            if input_is_over && self.whole {
                return Ok(0);
            }
            let mut output = OutBuffer::around(out);
            let hint = context
                .decompress_stream(&mut output, &mut self.input)
                .map_err(|_| io::ErrorKind::InvalidData)?;
            let read = output.pos();
            self.whole = hint == 0;
            if read > 0 {
                return Ok(read);
            }
            if input_is_over && !self.whole {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let Some(context) = self.context.take().filter(|context| context.sizeof() <= KEPT_BYTES_MAX) else {
            return;
        };
        // A thread that ends has no more use for it.
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT_CONTEXTS_MAX {
                kept.push(context);
            }
        });
    }
}

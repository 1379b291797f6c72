//! A partition's files: segments, indexes, recovery, batch cache.

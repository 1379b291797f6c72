//! Leader and follower state of a partition, without I/O.

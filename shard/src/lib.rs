//! What one core owns: partitions, purgatory, mesh, budgets.

pub mod budget;
pub mod mesh;

pub use budget::Budget;
pub use mesh::{Gone, Mesh};

//! What one core owns: partitions, purgatory, mesh, budgets.

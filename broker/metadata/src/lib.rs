//! The cluster's image, its changes, and the controller's decisions.

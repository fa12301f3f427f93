//! Looking things up in a directory of a few files.

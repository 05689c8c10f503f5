//! A trained potential as other programs use it.


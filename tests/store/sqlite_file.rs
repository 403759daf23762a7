//! What only a file can suffer: kills, full disks, flipped bytes, other programs.

// Package disktest gives a test a file system of its own that fails as disks do: it is
// full, slow, read-only, reports errors of fsync, or loses power.
//
// The file systems are real ones: tmpfs, and ext4 on a loop device. They take Linux and
// the right to mount; elsewhere a test is skipped, and says why. What a test mounted is
// unmounted at its end, also when its process is killed.
package disktest

package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"brana/audit/journal"
	"brana/cmd/brana/config"
	"brana/disktest"
	"brana/gateway"
	"brana/gateway/metrics"
)

// A disk that does not answer at the end holds the process no longer than it may.
func TestASealDoesNotHoldTheEnd(t *testing.T) {
	disk := disktest.Ext4(t)
	dir := filepath.Join(disk.Dir, "audit")
	m := gateway.NewMetrics(metrics.Sources{})
	u, err := openUsage(&config.Audit{Dir: dir, Gateway: "g1"}, m, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	disk.Freeze()
	err = u.close(50 * time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), dir+" did not answer within 50ms") {
		t.Errorf("closed with %v", err)
	}
	disk.Thaw()
	eventually(t, "the lock is free", func() bool {
		probe, err := journal.ProbeFolder(dir)
		return err == nil && probe.Holder == ""
	})
}

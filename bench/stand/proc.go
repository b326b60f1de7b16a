package stand

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Use is what processes have used.
type Use struct {
	CPU time.Duration // user and system, since their start
	RSS int64         // bytes
}

// tick is the unit of CPU time in /proc/PID/stat, USER_HZ, which is 100 on
// every architecture that Go knows.
const tick = time.Second / 100

// UseOf reads what processes and all their descendants use. The CPU time of
// descendants that have ended counts, if they were waited for.
func UseOf(pids ...int) (Use, error) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return Use{}, errors.New("there is no /proc here: CPU and memory cannot be read")
	}
	var sum Use
	children, err := childrenOf()
	if err != nil {
		return Use{}, err
	}
	for len(pids) > 0 {
		pid := pids[0]
		pids = append(pids[1:], children[pid]...)
		u, err := useOf(pid)
		if errors.Is(err, os.ErrNotExist) {
			continue // ended meanwhile
		}
		if err != nil {
			return Use{}, err
		}
		sum.CPU, sum.RSS = sum.CPU+u.CPU, sum.RSS+u.RSS
	}
	return sum, nil
}

// childrenOf lists the children of every process.
func childrenOf() (map[int][]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		fields, err := statFields(pid)
		if err != nil {
			continue // ended meanwhile
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	return children, nil
}

// statFields are the fields of /proc/PID/stat from the third on, the state.
func statFields(pid int) ([]string, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil, err
	}
	at := bytes.LastIndexByte(text, ')') // the name may have any character
	fields := strings.Fields(string(text[at+1:]))
	if len(fields) < 15 {
		return nil, fmt.Errorf("read /proc/%d/stat: %d fields", pid, len(fields))
	}
	return fields, nil
}

func useOf(pid int) (Use, error) {
	fields, err := statFields(pid)
	if err != nil {
		return Use{}, err
	}
	var u Use
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return Use{}, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
		}
		u.CPU += time.Duration(n) * tick
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return Use{}, err
	}
	u.RSS = kib(status, "VmRSS")
	return u, nil
}

// kib reads a field of /proc/PID/status, in bytes. It is 0 when the field is
// missing, as for a process that has just ended.
func kib(status []byte, field string) int64 {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(field+":")); ok {
			number := strings.TrimSuffix(strings.TrimSpace(string(value)), "kB")
			n, _ := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			return n << 10
		}
	}
	return 0
}

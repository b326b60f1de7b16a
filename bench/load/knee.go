package load

import "math"

// The steps of a search for the knee.
const (
	kneeStep = 1.5  // from one rate to the next while it holds
	kneeNear = 1.06 // at the end, the rate that does not hold over the one that holds
	kneeLow  = 1    // calls a second: where a search downwards ends
)

// Knee searches the highest rate that holds, from a first guess: upwards until a
// rate does not hold, then between the last two. It returns 0 when even one call a
// second does not hold. The first error of holds ends the search.
func Knee(first float64, holds func(rate float64) (bool, error)) (float64, error) {
	low, high := 0.0, math.Inf(1)
	for rate := first; ; {
		ok, err := holds(rate)
		if err != nil {
			return low, err
		}
		if ok {
			low = rate
		} else {
			high = rate
		}
		switch {
		case low == 0 && high <= kneeLow, low > 0 && high/low <= kneeNear:
			return low, nil
		case math.IsInf(high, 1):
			rate = low * kneeStep
		case low == 0:
			rate = max(high/2, kneeLow)
		default:
			rate = math.Sqrt(low * high)
		}
	}
}

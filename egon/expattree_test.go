package egon

import (
	"strings"
)

// A expatNode is an element by expat, with its name in Clark's notation.
type expatNode struct {
	name, text string
	kids       []*expatNode
}

func parseTree(tree string) *expatNode {
	root := &expatNode{}
	open := []*expatNode{root}
	for tree != "" {
		top := open[len(open)-1]
		switch tree[0] {
		case 2:
			tag, rest, _ := strings.Cut(tree[1:], "\x06")
			tag, _, _ = strings.Cut(tag, "\x04")
			if space, local, ok := strings.Cut(tag, "\x01"); ok {
				tag = "{" + space + "}" + local
			}
			n := &expatNode{name: tag}
			top.kids = append(top.kids, n)
			open, tree = append(open, n), rest
		case 3:
			open, tree = open[:len(open)-1], tree[1:]
		default:
			n := strings.IndexAny(tree, "\x02\x03")
			top.text += tree[:n]
			tree = tree[n:]
		}
	}
	return root
}

// child returns the first child of that name, of any namespace if space is empty.
func (n *expatNode) child(space, local string) *expatNode {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == "{"+space+"}"+local || space == "" && strings.HasSuffix(k.name, "}"+local) {
			return k
		}
	}
	return nil
}

// count returns the number of elements with that local name, at any depth.
func (n *expatNode) count(local string) int {
	sum := 0
	for _, k := range n.kids {
		if k.name == local || strings.HasSuffix(k.name, "}"+local) {
			sum++
		}
		sum += k.count(local)
	}
	return sum
}

// first returns the first element of that local name below n, in document order.
func (n *expatNode) first(local string) *expatNode {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == local || strings.HasSuffix(k.name, "}"+local) {
			return k
		}
		if found := k.first(local); found != nil {
			return found
		}
	}
	return nil
}

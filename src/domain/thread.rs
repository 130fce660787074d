//! Who answers whom: the tree of one thread, whatever the order its posts came in.
//!
//! After Jamie Zawinski's algorithm and RFC 5256 §3 (REFERENCES), with these differences: no
//! thread is merged by subject; posts are taken in the order of their dates and ids rather than
//! of arrival, so that the same posts always give the same tree; nothing recurses, since strangers
//! decide how deep a thread goes.

use std::collections::HashMap;

use super::ids::MessageId;
use super::time::Timestamp;

/// One post, as far as threads care.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its Message-ID. Several posts may carry the same one.
    pub id: &'a MessageId,
    /// The ids it answers, the nearest last.
    pub references: &'a [MessageId],
    /// When it was written.
    pub date: Timestamp,
}

/// One post in its place; the tree is these in reading order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// Which of the nodes that were given.
    pub index: usize,
    /// 0 for a post that answers nothing we have.
    pub depth: usize,
    /// The nearest ancestor that is there, by its index.
    pub parent: Option<usize>,
}

/// Something that answers and is answered: a post, or an id that only others mention.
#[derive(Default)]
struct Container {
    post: Option<usize>,
    parent: Option<usize>,
    children: Vec<usize>,
    earliest: Option<Timestamp>,
}

/// Puts posts in reading order: each after what it answers, siblings by date.
pub fn tree(nodes: &[Node<'_>]) -> Vec<Placed> {
    let mut containers = linked(nodes);
    date_and_sort(&mut containers, nodes);
    walk(&containers)
}

fn linked(nodes: &[Node<'_>]) -> Vec<Container> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&i| (nodes[i].date, nodes[i].id, i));
    let mut containers: Vec<Container> = Vec::with_capacity(nodes.len());
    let mut by_id: HashMap<&MessageId, usize> = HashMap::with_capacity(nodes.len());
    for index in order {
        let node = &nodes[index];
        let known = by_id.get(node.id).copied().filter(|&c| containers[c].post.is_none());
        let own = known.unwrap_or_else(|| {
            containers.push(Container::default());
            let new = containers.len() - 1;
            // A second post with an id that is taken stands for itself.
            by_id.entry(node.id).or_insert(new);
            new
        });
        containers[own].post = Some(index);
        let mut parent = None;
        for reference in node.references.iter().filter(|r| *r != node.id) {
            let next = *by_id.entry(reference).or_insert_with(|| {
                containers.push(Container::default());
                containers.len() - 1
            });
            if let Some(above) = parent
                && containers[next].parent.is_none()
                && !is_ancestor(&containers, next, above)
            {
                containers[next].parent = Some(above);
            }
            parent = Some(next);
        }
        // What a post says of itself counts more than what others made of it.
        if let Some(above) = parent
            && !is_ancestor(&containers, own, above)
        {
            containers[own].parent = Some(above);
        }
    }
    containers
}

/// Whether `above` is `of` or one of its ancestors, seen from `of` upwards.
fn is_ancestor(containers: &[Container], above: usize, of: usize) -> bool {
    let mut at = Some(of);
    while let Some(container) = at {
        if container == above {
            return true;
        }
        at = containers[container].parent;
    }
    false
}

/// Fills in children, and the earliest date at or below each container, which sorts siblings.
fn date_and_sort(containers: &mut [Container], nodes: &[Node<'_>]) {
    for index in 0..containers.len() {
        if let Some(parent) = containers[index].parent {
            containers[parent].children.push(index);
        }
    }
    for index in bottom_up(containers) {
        let below = containers[index].children.iter().filter_map(|&c| containers[c].earliest).min();
        let own = containers[index].post.map(|post| nodes[post].date);
        containers[index].earliest = own.or(below);
    }
    let keys: Vec<_> = containers.iter().map(|c| (c.earliest, c.post.map(|p| nodes[p].id.clone()))).collect();
    for container in containers.iter_mut() {
        container.children.sort_by(|&a, &b| keys[a].cmp(&keys[b]).then(a.cmp(&b)));
    }
}

fn bottom_up(containers: &[Container]) -> Vec<usize> {
    let mut order: Vec<usize> = roots(containers);
    let mut next = 0;
    while next < order.len() {
        order.extend_from_slice(&containers[order[next]].children);
        next += 1;
    }
    order.reverse();
    order
}

fn roots(containers: &[Container]) -> Vec<usize> {
    (0..containers.len()).filter(|&i| containers[i].parent.is_none()).collect()
}

fn walk(containers: &[Container]) -> Vec<Placed> {
    let mut roots = roots(containers);
    roots.sort_by_key(|&i| (containers[i].earliest, containers[i].post, i));
    let mut placed = Vec::with_capacity(containers.len());
    let mut stack: Vec<(usize, usize, Option<usize>)> =
        roots.into_iter().rev().map(|r| (r, 0, None)).collect();
    while let Some((container, depth, parent)) = stack.pop() {
        let (below, above) = match containers[container].post {
            Some(index) => {
                placed.push(Placed { index, depth, parent });
                (depth + 1, Some(index))
            }
            None => (depth, parent),
        };
        stack.extend(containers[container].children.iter().rev().map(|&child| (child, below, above)));
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Posts as `id < references`, in the order of their dates; the tree as indented ids.
    fn draw(posts: &[&str], arrival: &[usize]) -> String {
        let parsed: Vec<(MessageId, Vec<MessageId>, Timestamp)> = posts
            .iter()
            .enumerate()
            .map(|(at, text)| {
                let mut words = text.split_whitespace().filter(|w| *w != "<");
                let id = |w: &str| MessageId::parse(w).expect("valid");
                let own = id(words.next().expect("an id"));
                (own, words.map(id).collect(), Timestamp::from_seconds(at as i64))
            })
            .collect();
        let nodes: Vec<Node<'_>> = arrival
            .iter()
            .map(|&i| Node { id: &parsed[i].0, references: &parsed[i].1, date: parsed[i].2 })
            .collect();
        let line = |p: &Placed| format!("{}{}", ".".repeat(p.depth), nodes[p.index].id);
        tree(&nodes).iter().map(line).collect::<Vec<_>>().join(" ")
    }

    fn check(posts: &[&str], expected: &str) {
        let n = posts.len();
        let mut arrival: Vec<usize> = (0..n).collect();
        // Every order for few posts, every rotation both ways for more.
        for round in 0..if n <= 5 { (1..=n).product() } else { 2 * n } {
            assert_eq!(draw(posts, &arrival), expected, "arrived as {arrival:?}");
            if n <= 5 {
                let swap = round % n.max(2).saturating_sub(1);
                arrival.swap(swap, swap + usize::from(n > 1));
            } else {
                arrival.rotate_left(1);
                if round == n {
                    arrival.reverse();
                }
            }
        }
    }

    #[test]
    fn the_same_posts_give_the_same_tree() {
        check(&["a"], "a");
        check(&["a", "b < a", "c < a b", "d < a"], "a .b ..c .d");
        check(&["b < a", "c < a b"], "b .c");
        check(&["b < lost", "c < lost", "d < lost c"], "b c .d");
        check(&["a", "c < a lost", "d < a lost"], "a .c .d");
        check(&["a < b", "b < a"], "b .a");
        check(&["a < a", "b < a"], "a .b");
        check(&["a", "a < x", "b < a"], "a .b a");
        check(&["a", "b < a", "c < b", "d < c", "e < d", "f < a", "g < f"], "a .b ..c ...d ....e .f ..g");
    }

    #[test]
    fn a_very_deep_thread_is_walked_without_recursion() {
        let ids: Vec<MessageId> =
            (0..5_000).map(|i| MessageId::parse(&format!("{i}@deep.example")).expect("valid")).collect();
        let nodes: Vec<Node<'_>> = ids
            .iter()
            .enumerate()
            .map(|(i, id)| Node {
                id,
                references: if i == 0 { &[] } else { &ids[i - 1..i] },
                date: Timestamp::from_seconds(i as i64),
            })
            .collect();
        let placed = tree(&nodes);
        assert_eq!(placed.last().map(|p| p.depth), Some(4_999));
    }
}

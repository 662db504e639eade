"""`obverse demo`: a person and three vendors strike a deal between four nodes on this machine.

stage.py makes and runs the nodes, catalogue.py fills the shelves → story.py plays through the nodes' commands
as people.py wants it, words.py tells → proof.py has the evidence verified without any of them → outsider.py
has a user of another server, which neighbour.py runs, meet a shop → scenes.py leaves more alive to look at,
where visitor.py says by a page what no command says → entrances.py lets people in. waiting.py looks until
something has come true, performance.py holds all of it together.
"""

from node.demo.performance import run

__all__ = ["run"]

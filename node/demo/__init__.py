"""`obverse demo`: a person and three vendors strike a deal between four nodes on this machine.

stage.py makes and runs the nodes, catalogue.py fills the shelves → story.py plays through the nodes' commands
as people.py wants it, words.py tells → proof.py has the evidence verified without any of them. performance.py
holds these together.
"""

from node.demo.performance import run

__all__ = ["run"]

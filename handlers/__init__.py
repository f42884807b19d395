"""What happens: one room per step. A room imports contracts and itself, never another room and never FastStream."""

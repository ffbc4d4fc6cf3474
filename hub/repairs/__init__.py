"""What a repair is made of: the plan that the customer agrees to, the work that was done, the test that proves it."""

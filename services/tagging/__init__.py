"""The tagging service: labels for rows of images, mirrored in the user's CSV."""

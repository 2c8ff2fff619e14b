"""The variables of one deployment job on each CI system, as its documentation lists them and its jobs show them."""

from collections.abc import Mapping

SHA = "ffac537e6cbbf934b08745a378932722df287a53"

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_HEAD_REF": "",
    "GITHUB_REF": "refs/heads/feature/checkout",
    "GITHUB_REF_NAME": "feature/checkout",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_NUMBER": "17",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": SHA,
    "GITHUB_TRIGGERING_ACTOR": "hubot",
    "GITHUB_WORKFLOW": "Deploy",
}

GITLAB = {
    "CI": "true",
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_SHORT_SHA": SHA[:8],
    "CI_ENVIRONMENT_NAME": "production",
    "CI_JOB_ID": "50041",
    "CI_JOB_URL": "https://gitlab.example.com/acme/web/shop/-/jobs/50041",
    "CI_PIPELINE_ID": "9001",
    "CI_PIPELINE_IID": "42",
    "CI_PROJECT_NAME": "shop",
    "CI_PROJECT_PATH": "acme/web/shop",
    "CI_PROJECT_URL": "https://gitlab.example.com/acme/web/shop",
    "CI_REPOSITORY_URL": "https://gitlab-ci-token:glcbt-64_secret@gitlab.example.com/acme/web/shop.git",
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "alice",
}

JENKINS = {
    "BRANCH_NAME": "main",
    "BUILD_ID": "153",
    "BUILD_NUMBER": "153",
    "BUILD_TAG": "jenkins-acme-shop-main-153",
    "BUILD_URL": "https://jenkins.example.com/job/acme/job/shop/job/main/153/",
    "BUILD_USER": "Alice Doe",
    "BUILD_USER_ID": "alice",
    "GIT_BRANCH": "main",
    "GIT_COMMIT": SHA,
    "GIT_URL": "git@github.com:acme/shop.git",
    "JENKINS_HOME": "/var/jenkins_home",
    "JENKINS_URL": "https://jenkins.example.com/",
    "JOB_NAME": "acme/shop/main",
}

AZURE = {
    "AGENT_JOBSTATUS": "Succeeded",
    "BUILD_BUILDID": "1430",
    "BUILD_BUILDNUMBER": "20261121.3",
    "BUILD_REPOSITORY_NAME": "shop",
    "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/Web%20Shop/_git/shop",
    "BUILD_REQUESTEDFOR": "Alice Doe",
    "BUILD_SOURCEBRANCH": "refs/heads/feature/checkout",
    "BUILD_SOURCEBRANCHNAME": "checkout",
    "BUILD_SOURCEVERSION": SHA,
    "ENVIRONMENT_NAME": "production",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_STAGEATTEMPT": "1",
    "SYSTEM_TEAMPROJECT": "Web Shop",
    "TF_BUILD": "True",
}

CIRCLECI = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_BRANCH": "main",
    "CIRCLE_BUILD_NUM": "371",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/371",
    "CIRCLE_PROJECT_REPONAME": "shop",
    "CIRCLE_PROJECT_USERNAME": "acme",
    "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_USERNAME": "octocat",
    "CIRCLE_WORKFLOW_ID": "7e5ad6f0-6d3c-4f0c-9ba2-4d1d6f6f3d5e",
}

BITBUCKET = {
    "BITBUCKET_BRANCH": "main",
    "BITBUCKET_BUILD_NUMBER": "88",
    "BITBUCKET_COMMIT": SHA,
    "BITBUCKET_DEPLOYMENT_ENVIRONMENT": "production",
    "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/shop",
    "BITBUCKET_PIPELINE_UUID": "{0e2f5ba3-2e3b-4f3a-8d5a-5a2d3c1d9a10}",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_REPO_SLUG": "shop",
    "BITBUCKET_STEP_RUN_NUMBER": "1",
    "BITBUCKET_STEP_TRIGGERER_UUID": "{5a50dd52-5ab7-4225-831c-4db9451375a2}",
    "BITBUCKET_WORKSPACE": "acme",
    "CI": "true",
}

TEKTON = {
    "TEKTON_DASHBOARD_URL": "https://tekton.example.com/",
    "TEKTON_NAMESPACE": "ci",
    "TEKTON_PIPELINE_RUN": "shop-deploy-x7k2p",
    "TEKTON_PIPELINE_RUN_UID": "2f6d1f7c-55a1-4c8e-9c39-0c8f4a1f8f10",
}
"""With the names that our own page gives them: Tekton sets none."""

ARGO_WORKFLOWS = {
    "ARGO_WORKFLOWS_URL": "https://argo.example.com",
    "ARGO_WORKFLOW_NAME": "shop-deploy-9zq4l",
    "ARGO_WORKFLOW_NAMESPACE": "ci",
    "ARGO_WORKFLOW_UID": "9d3c8f0e-1a75-4f9a-a4f5-9f5b3c9be3f1",
}
"""With the names that our own page gives them."""

ARGOCD = {
    "ARGOCD_APP_NAME": "shop",
    "ARGOCD_APP_NAMESPACE": "production",
    "ARGOCD_APP_REVISION": SHA,
    "ARGOCD_APP_SOURCE_REPO_URL": "https://github.com/acme/shop-config.git",
    "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
}
"""As Argo CD has them where it renders manifests, and our own page hands them on."""

SYSTEMS: Mapping[str, dict[str, str]] = {
    "github": GITHUB,
    "gitlab": GITLAB,
    "jenkins": JENKINS,
    "azure": AZURE,
    "circleci": CIRCLECI,
    "bitbucket": BITBUCKET,
    "tekton": TEKTON,
    "argo-workflows": ARGO_WORKFLOWS,
    "argocd": ARGOCD,
}
